package stack

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// What ICMP can do to a connection that has data on their way (RFC 5927).

// inFlight has a connection with ten full segments on their way.
func (v *direct) inFlight() *Conn {
	v.Helper()
	c := v.connected()
	if _, err := c.Write(pattern(10 * 1460)); err != nil {
		v.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // they are paced; the RTO comes later
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if n := int(c.snd.nxt - c.snd.una); n != 10*1460 {
		v.Fatalf("%d bytes are on their way", n)
	}
	return c
}

// icmpAbout is an ICMP error about our segment with a number, in a frame.
func icmpAbout(c *Conn, typ, code uint8, mtu uint16, seq seqNum, length uint16) []byte {
	quote := segmentQuote(c.key, seq, ipv4To(peerIP))
	quote[2], quote[3] = byte(length>>8), byte(length)
	return ipv4Frame(ipv4From(farIP, protocolICMP), icmpBytes(typ, code, 0, mtu, quote))
}

// delivered has the peer acknowledge everything, and checks that the connection goes on.
func (v *direct) delivered(c *Conn) {
	v.Helper()
	v.receive(tcpFrame(segment{flags: flagACK, seq: 1, ack: c.snd.nxt, wnd: 60000}))
	before := v.sent.Answers
	if _, err := c.Write(pattern(10)); err != nil || v.sent.Answers != before+1 || c.state != stateEstablished {
		v.Errorf("Write: %v, %d frames, in %s", err, v.sent.Answers-before, c.state)
	}
}

// With exactly the right numbers, as only somebody on the way knows them, an error of any
// kind but one does nothing either: "hard errors" neither (RFC 5927 5.2), nor source quench,
// which "MUST be silently discarded" (RFC 6633 3; RFC 9293 3.9.2.2, MUST-55).
func TestAttackICMPInWindow(t *testing.T) {
	for _, test := range []struct {
		what, source string
		kinds        [][2]uint8
	}{
		{"hard and soft ICMP errors with the right sequence numbers", "RFC 5927 5.2", [][2]uint8{{3, 2}, {3, 3}, {3, 0}, {3, 1}, {3, 5}, {3, 13}, {11, 0}, {11, 1}, {12, 0}}},
		{"ICMP source quench", "RFC 5927 6, RFC 6633", [][2]uint8{{4, 0}}},
	} {
		t.Run(test.what, func(t *testing.T) {
			outcome, n := "", suite.Attacks(100_000)
			onDirect(t, quietConfig(), func(v *direct) {
				c := v.inFlight()
				cwnd, rto := c.cc.cwnd, c.rto
				var frames [][]byte
				for _, kind := range test.kinds {
					for _, seq := range []seqNum{c.snd.una, c.snd.una + 1460, c.snd.nxt - 1} {
						frames = append(frames, icmpAbout(c, kind[0], kind[1], 0, seq, 1500))
					}
				}
				cost := v.attack(n, func(i int) []byte { return frames[i%len(frames)] })
				outcome = suite.WantAtMost(v, cost, 0, 2, 64<<10)
				if c.cc.cwnd != cwnd || c.rto != rto {
					v.Errorf("the congestion window was %d bytes and is %d", cwnd, c.cc.cwnd)
				}
				v.delivered(c)
			})
			suite.Row{
				Area: "attack", What: test.what, Source: test.source,
				Tried: fmt.Sprintf("%d errors about segments on their way", n), Outcome: "no connection lost, no window changed; " + outcome,
			}.Report(t)
		})
	}
}

// "Fragmentation needed" with a number that is not on its way (RFC 5927 7, 4.1): nothing is
// believed of it, whatever MTU it says.
func TestAttackPathMTUBlind(t *testing.T) {
	tried := 0
	onDirect(t, quietConfig(), func(v *direct) {
		c := v.inFlight()
		before, random := v.sent.Answers, rand.New(rand.NewPCG(6, 6))
		for range suite.Attacks(100_000) {
			if seq := seqNum(random.Uint32()); !seq.in(c.snd.una, int(c.snd.nxt-c.snd.una)) {
				v.receive(icmpAbout(c, 3, 4, uint16(random.Uint32()), seq, 1500))
				tried++
			}
		}
		for _, seq := range []seqNum{c.snd.una - 1, c.snd.nxt, c.snd.una - 1460} {
			v.receive(icmpAbout(c, 3, 4, 600, seq, 1500))
			tried++
		}
		if v.sent.Answers != before || len(v.s.ipv4.paths) != 0 {
			v.Errorf("%d frames sent, %d paths learnt", v.sent.Answers-before, len(v.s.ipv4.paths))
		}
		v.delivered(c)
	})
	suite.Row{
		Area: "attack", What: "fragmentation needed, with forged sequence numbers", Source: "RFC 5927 7",
		Tried: fmt.Sprintf("%d errors", tried), Outcome: "none believed, nothing sent",
	}.Report(t)
}

// And with the right number: every MTU that can be said, about datagrams of several lengths.
// The segments never get shorter than minPathMTU allows, nor longer than they were.
func TestAttackPathMTUValues(t *testing.T) {
	lowest, highest, tried := 1500, 0, 0
	onDirect(t, quietConfig(), func(v *direct) {
		c := v.inFlight()
		for _, length := range []uint16{0, 20, 576, 1500, 65535} {
			for mtu := 0; mtu <= 65535; mtu += 1 + mtu/2000 {
				v.s.ipv4.paths = nil
				v.receive(icmpAbout(c, 3, 4, uint16(mtu), c.snd.una, length))
				got := v.s.mtuTo(peerIP)
				if want := max(mtu, minPathMTU); mtu > 0 && got != min(want, 1500) {
					v.Fatalf("the router says %d: %d, want %d", mtu, got, want)
				}
				lowest, highest = min(lowest, got), max(highest, got)
				tried++
			}
		}
		v.s.checkLoss(v.T)
		v.delivered(c)
	})
	if lowest != minPathMTU || highest != 1500 {
		t.Errorf("the path's MTU was %d to %d", lowest, highest)
	}
	suite.Row{
		Area: "attack", What: "fragmentation needed, with every MTU", Source: "RFC 5927 7; RFC 1191 3", Tried: fmt.Sprintf("%d errors with right numbers", tried),
		Outcome: fmt.Sprintf("%d bytes are the least that is believed, so at most %.1f times as many segments, for %v; never more than %d",
			lowest, 1460/float64(lowest-40), pathMTULife, highest),
	}.Report(t)
}

// Who sees the segments and says a little less each time has all that is on its way sent
// again each time, up to maxPathSteps times; then the smallest is taken at once, and there
// is no more to gain.
func TestAttackPathMTUSteps(t *testing.T) {
	var cost, again suite.Toll
	flights := 0.0
	onDirect(t, quietConfig(), func(v *direct) {
		c := v.inFlight()
		payload := 0
		v.see = func(frame []byte) {
			h, b, _ := parsedIPv4(frame[etherHeaderLen:])
			seg, err := parsedTCP(b, h.src, h.dst)
			if err != nil {
				v.Error(err)
			}
			payload += len(seg.data)
		}
		step := func(i int) []byte { return icmpAbout(c, 3, 4, uint16(1499-i), c.snd.una, 1500) }
		cost = v.attack(1500-minPathMTU, step)
		flights = float64(payload) / (10 * 1460)
		again = v.attack(1500-minPathMTU, step)
		if again.Answers != 0 || v.s.mtuTo(peerIP) != minPathMTU {
			v.Errorf("the same once more: %d frames, and the path takes %d", again.Answers, v.s.mtuTo(peerIP))
		}
		v.delivered(c)
	})
	if flights > maxPathSteps+1 {
		t.Errorf("%d errors had %.1f windows sent, want %d at most", cost.Frames, flights, maxPathSteps+1)
	}
	suite.Row{
		Area: "attack", What: "fragmentation needed, a byte less each time", Source: "RFC 5927 7",
		Tried: fmt.Sprintf("%d errors with right numbers, at once, with %d bytes on their way", cost.Frames, 10*1460),
		Outcome: fmt.Sprintf("what is on its way is sent again %.1f times, %s; then nothing more for %v. A blind attacker has to guess a number in the window",
			flights, cost.Traffic(), pathMTULife),
	}.Report(t)
}
