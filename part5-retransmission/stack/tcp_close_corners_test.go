package stack

import (
	"bytes"
	"testing"
	"time"
)

// A SACK by which some segments are lost, and a RST, come in one batch. "If the RST bit
// is set ... All segment queues should be flushed" (RFC 9293 3.10.7.4): what is lost is
// not sent again.
func TestResetBehindLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.pass(time.Second)
		r.write(14600)
		r.pass(50 * time.Millisecond)
		sack := r.ack(una, 60000, span{una.add(5 * 1460), una.add(10 * 1460)})
		out := r.in(sack, segment{flags: flagRST, seq: r.rcvNxt()})
		if state := r.state(); len(out) > 0 || state != stateClosed {
			t.Errorf("sent %d segments, in %s", len(out), state)
		}
	})
}

// A segment brings such a SACK, and data for a user who has closed. "If new data is
// received after CLOSE is called, [the] implementation SHOULD send a RST to show that
// data was lost" (RFC 9293 3.6.1, SHLD-3): the RST, and nothing else.
func TestDataBehindCloseWithLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.pass(time.Second)
		r.write(14600)
		r.c.Close()
		r.pass(50 * time.Millisecond)
		nxt := r.nxt()
		seg := r.ack(una, 60000, span{una.add(5 * 1460), una.add(10 * 1460)})
		seg.data = []byte("x")
		out := r.in(seg)
		if len(out) != 1 || !out[0].has(flagRST) || out[0].seq != nxt {
			t.Errorf("sent %+v, want a RST with number %d", out, nxt)
		}
		if state := r.state(); state != stateClosed {
			t.Errorf("in %s", state)
		}
	})
}

// secret has a connection carry text, so that it is in memory that is used again, and
// ends it. The next one is from another port.
func (r *rig) secret(text []byte) {
	r.Helper()
	r.open(60000, optMSS)
	for at := 0; at < len(text); at += 1000 {
		seg := r.ack(r.nxt(), 60000)
		seg.data = text[at:min(at+1000, len(text))]
		r.in(seg)
	}
	if n, err := r.c.Read(make([]byte, len(text))); n != len(text) || err != nil {
		r.Fatalf("read %d of %d bytes: %v", n, len(text), err)
	}
	r.c.Abort()
	r.key.remotePort, r.ts = 666, false
}

// FINs that are not the last, at many places, make a hole in the text of the peer, which
// the FINs fill. Nothing is read there that the peer has not sent; least of all what
// others have.
func TestFINHole(t *testing.T) {
	onRig(t, func(r *rig) {
		r.secret(bytes.Repeat([]byte("SECRET42"), 100))
		r.open(60000, optMSS)
		const hole = 64
		send := func(seq seqNum, flags uint8, text string) {
			r.in(segment{flags: flagACK | flags, seq: seq, ack: r.nxt(), wnd: 60000, data: []byte(text)})
		}
		for i := range hole {
			send(seqNum(2+i), flagFIN, "")
		}
		send(2+hole, 0, "y")
		send(1, 0, "x")
		got := make([]byte, 2000)
		n, err := r.c.Read(got)
		if text := string(got[:n]); text != "x" {
			t.Errorf("read %q, %v; the peer has sent an x before its first FIN", text, err)
		}
	})
}

// A peer that says twice, and at different places, where its text ends, or goes on behind
// that, gets nothing but confusion of its own: no byte is read that it has not sent.
func TestFINTwice(t *testing.T) {
	d := newSteadyOptions(t)
	text := bytes.Repeat([]byte{'x'}, 10_000)
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
	n, _ := d.c.Read(text) // with a panic at the end of the first chunk, if the FIN had taken its room
	for i, b := range text[:n] {
		if b != 'x' {
			t.Fatalf("byte %d of %d is %d", i, n, b)
		}
	}
}

// A FIN that has text behind it, which has come before, is none: nothing of it stays.
func TestFINBeforeText(t *testing.T) {
	d := newSteadyOptions(t)
	d.arrive(d.c, 500)
	d.receive(steadyFrame(segment{
		srcPort: 8000, dstPort: 80, seq: d.c.rcv.nxt, ack: d.c.snd.nxt, flags: flagACK | flagFIN, wnd: 1000,
		options: unhex("0101080a 00000001 00000000"), data: d.text[:600],
	}))
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.checkInvariants(t)
	if len(d.c.rcv.outOfOrder) > 0 {
		t.Errorf("%v is left behind RCV.NXT %d", d.c.rcv.outOfOrder, d.c.rcv.nxt)
	}
}

// The tail loss probe takes the FIN along, which had to wait, and is lost; then the
// segment that it was sent again for is acknowledged. The FIN is still on its way, and
// sent again until it is acknowledged (RFC 6298 5.4).
func TestFINWithProbe(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		r.write(14600) // as much as the congestion window takes
		nxt := r.nxt()
		r.c.Close()
		probe := r.pass(30 * time.Millisecond)
		if len(probe) == 0 || !probe[len(probe)-1].has(flagFIN) {
			t.Fatalf("no probe with the FIN: %d segments", len(probe))
		}
		r.in(r.ack(nxt, 60000))
		for range 60 {
			for _, o := range r.pass(time.Second) {
				if o.has(flagFIN) {
					return
				}
			}
		}
		t.Errorf("no FIN in a minute, the connection is in %s", r.state())
	})
}

// The tail loss probe behind a FIN (RFC 8985 7.3) has no more than was sent: SND.NXT is
// one beyond the text.
func TestProbeBehindFIN(t *testing.T) {
	onRig(t, func(r *rig) {
		r.secret(bytes.Repeat([]byte("SECRET42"), 500))
		r.open(60000, optMSS+optSACK)
		r.write(3000)
		r.c.Close()
		end := r.nxt()
		out := r.pass(150 * time.Millisecond)
		if len(out) == 0 {
			t.Error("no probe")
		}
		for _, o := range append(out, r.pass(550*time.Millisecond)...) {
			if end.less(o.seq.add(o.len())) {
				t.Errorf("sent %d bytes from %d on behind the FIN", len(o.data), o.seq-end)
			}
		}
	})
}
