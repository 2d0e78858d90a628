package main

import (
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// Corners in which a loss meets something else: each was a bug once.
func TestScriptLossCorners(t *testing.T) {
	const withSACK = `
		+0 < S 0:0(0) win 65535 <mss 1000,sackOK>
		+0 > S. 0:0(0) ack 1
		+.001 < . 1:1(0) ack 1 win 65535
		+0 do accept
	`
	playAll(t, map[string]string{
		// The SYN of figure 7 to the letter is acknowledged: it is not sent again.
		"simultaneous open, acknowledged by a SYN,ACK": dialled + `
			+0 < S 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1
			+0 < S. 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 done dial
			+5 > nothing`,
		// The FIN goes with a segment that is sent again. When the segment was there before,
		// but not the FIN, the FIN is still to be sent again.
		"a FIN on a segment that was sent again": opened("<mss 1000>", 65535) + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+.2 > P. 1:1001(1000) ack 1
			+0 do closewrite
			+.4 > FP. 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 65535
			+0~+5 > F. 1001:1001(0) ack 1
			+0 < . 1:1(0) ack 1002 win 65535
			+0 state FIN-WAIT-2`,
		// The probe for the tail finds nothing but a FIN, which is sent already.
		"a tail with a FIN": withSACK + `
			+0 do write 2000 = 2000
			+0 > . 1:1001(1000) ack 1
			+0 > P. 1001:2001(1000) ack 1
			+0 do closewrite
			+0 > F. 2001:2001(0) ack 1
			+0~+.1 > F. 2001:2001(0) ack 1
			+0 < . 1:1(0) ack 2002 win 65535
			+0 state FIN-WAIT-2`,
		// "an acknowledgment ... Once [timestamps have] been successfully negotiated, ... the
		// TSopt MUST be sent in every non-<RST> segment" (RFC 7323 3.2), in TIME-WAIT, too.
		"TIME-WAIT has timestamps": `
			+0 < S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 100 ecr 0>
			+0 > S. 0:0(0) ack 1 <mss 1460,TS val a ecr 100,...>
			+0 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 101 ecr a>
			+0 do accept
			+0 do closewrite
			+0 > F. 1:1(0) ack 1 <nop,nop,TS val * ecr 101>
			+0 < F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 102 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr 102>
			+0 state TIME-WAIT
			+1 < F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 103 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr *>`,
	})
}

// Karn: an acknowledgment that covers something that was sent again says nothing of the
// round trip, not of segments either that were sent once: they have waited for the gap
// before them to be filled.
func TestRTOBehindGap(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		b.play(opened("<mss 1000>", 65535) + `
			+0 do write 3000 = 3000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > P. 2001:3001(1000) ack 1
			+.2 > . 1:1001(1000) ack 1
			+.4 > . 1:1001(1000) ack 1
			+.8 > . 1:1001(1000) ack 1
			+0 < . 1:1(0) ack 3001 win 65535`)
		if srtt := b.kept().rto.srtt; srtt > 10*time.Millisecond {
			t.Errorf("SRTT is %v on a cable without a delay", srtt)
		}
	})
}

// A peer that echoes a timestamp which we have not sent yet says nothing of the round
// trip: it has not taken 49 days.
func TestRTOEchoFromTheFuture(t *testing.T) {
	d := newSteadyOptions(t)
	d.c.Write(d.text)
	d.c.sentSegments.live()[0].resent = true
	d.stamp(d.ack)
	at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))+5)
	d.receive(d.ack)
	if srtt := d.c.rto.srtt; srtt > time.Second || d.c.snd.una != d.c.snd.nxt {
		t.Errorf("SRTT is %v", srtt)
	}
}

// Nor does one that echoes a timestamp from before the connection began: whatever we
// believe of the round trip, a connection that its user has closed ends in time.
func TestRTOEchoFromThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSteadyOptions(t)
		defer d.s.Close()
		d.c.Write(d.text)
		d.c.sentSegments.live()[0].resent = true
		d.stamp(d.ack)
		at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))-1e9)
		d.receive(d.ack)
		d.c.Write(make([]byte, 60_000))
		d.c.Close()
		for range 3 {
			d.stamp(d.ack)
			d.receive(d.ack)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if d.c.state != stateClosed {
			t.Errorf("in %s, SRTT is %v, timers run: %v", d.c.state, d.c.rto.srtt, d.c.timers.due)
		}
	})
}

// In one batch come a SACK, by which some segments are lost, and a RST: what is lost is
// not sent again, for the buffer is empty by then.
func TestResetBehindLoss(t *testing.T) {
	d := newSteadyOptions(t)
	d.c.Write(make([]byte, 7000))
	una := d.c.snd.una
	sack := appendBlock(unhex("0101080a 00000001 00000000 0101 050a"), span{una.add(2 * 1448), d.c.snd.nxt})
	ack := segment{srcPort: 8000, dstPort: 80, seq: d.c.rcv.nxt, ack: una, flags: flagACK, wnd: 1000, options: sack}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.receiveFrame(steadyFrame(ack))
	d.s.receiveFrame(steadyFrame(segment{srcPort: 8000, dstPort: 80, seq: d.c.rcv.nxt, flags: flagRST}))
	d.s.answerAll()
	if d.c.state != stateClosed {
		t.Errorf("in %s", d.c.state)
	}
}

// A peer that says twice, and at different places, where its text ends, or goes on behind
// that, gets nothing but confusion of its own: no byte is read that it has not sent.
func TestFINTwice(t *testing.T) {
	d := newSteadyOptions(t)
	text := make([]byte, 10_000)
	for i := range text {
		text[i] = 'x'
	}
	irs := d.c.rcv.nxt
	send := func(from, to int, flags uint8) {
		d.receive(steadyFrame(segment{
			srcPort: 8000, dstPort: 80, seq: irs.add(from), ack: d.c.snd.nxt, flags: flagACK | flags, wnd: 1000,
			options: unhex("0101080a 00000001 00000000"), data: text[from:to],
		}))
	}
	send(4096, 4096, flagFIN)
	send(100, 100, flagFIN)
	send(50, 150, 0)
	send(0, 50, 0)
	for at := 150; at < 4096; at += 1400 {
		send(at, min(at+1400, 4096), 0)
	}
	n, _ := d.c.Read(text) // which had a panic at the end of the first chunk
	for i, b := range text[:n] {
		if b != 'x' {
			t.Fatalf("byte %d of %d is %d", i, n, b)
		}
	}
}

// A wrong MAC address that a bit error has left in the ARP table is asked for again while
// the connection has still time.
func TestWrongNeighbour(t *testing.T) {
	lost := false
	loseData := func(frame []byte) bool { return lost && len(frame) > 70 }
	onBadPair(t, wire.Faults{DropOut: loseData}, func(p *pair) {
		ours, peer := p.connect(80)
		lost = true
		ours.Write(make([]byte, 100))
		time.Sleep(4 * time.Second) // the neighbour was asked by now, and is there
		p.ours.mu.Lock()
		lost = false
		p.ours.arp.neighbours[peerIP].mac = otherMAC
		p.ours.mu.Unlock()
		start := time.Now()
		if _, err := peer.Read(make([]byte, 100)); err != nil || time.Since(start) > 30*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
