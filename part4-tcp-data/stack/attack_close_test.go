package stack

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// closing are the states in which a connection ends, and how the peer's segments lead there.
var closing = []struct {
	state tcpState
	enter func(a *tcpDirect, c *Conn)
}{
	{stateFinWait1, func(_ *tcpDirect, c *Conn) { c.CloseWrite() }},
	{stateFinWait2, func(a *tcpDirect, c *Conn) { c.CloseWrite(); a.say(c, flagACK) }},
	{stateCloseWait, func(a *tcpDirect, c *Conn) { a.say(c, flagACK|flagFIN) }},
	{stateClosing, func(a *tcpDirect, c *Conn) {
		c.CloseWrite()
		a.hit(forge(peerIP, segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: c.snd.una, flags: flagACK | flagFIN, wnd: 65535}))
	}},
	{stateLastAck, func(a *tcpDirect, c *Conn) { a.say(c, flagACK|flagFIN); c.Close() }},
	{stateTimeWait, func(a *tcpDirect, c *Conn) { c.CloseWrite(); a.say(c, flagACK|flagFIN) }},
}

// say has a segment without data come that acknowledges all.
func (a *tcpDirect) say(c *Conn, flags uint8) []segment {
	return a.hit(forge(peerIP, segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: c.snd.nxt, flags: flags, wnd: 65535}))
}

// TestAttackFlags for the states in which connections end.
func TestAttackFlagsClosing(t *testing.T) {
	random := rand.New(rand.NewPCG(9293, 4))
	tried, answered := 0, 0
	for _, way := range closing {
		onTCPDirect(t, func(a *tcpDirect) {
			c := a.open(7000, "")
			way.enter(a, c)
			if c.state != way.state {
				a.Fatalf("in %s, want %s", c.state, way.state)
			}
			// In TIME-WAIT a SYN may open a new connection (RFC 9293 3.6.1, MAY-2).
			skip := never
			if way.state == stateTimeWait {
				skip = func(flags uint8) bool { return flags&(flagSYN|flagRST|flagACK) == flagSYN }
			}
			n, m := a.garbage(c.key, c.rcv.nxt, c.snd.nxt, skip, random)
			tried, answered = tried+n, answered+m
			if a.state(c) != way.state || way.state == stateTimeWait && a.s.tcp.timeWait.conns[c.key] == nil {
				t.Errorf("%s: then it is in %s", way.state, c.state)
			}
		})
	}
	suite.Row{Area: "attack", What: "nonsense for flags, in the states of closing", Source: "RFC 9293 3.10.7.4", Tried: fmt.Sprintf("%d segments in %d states, all 256 flags", tried, len(closing)),
		Outcome: fmt.Sprintf("no state changed; %d answers, never more than one for a segment, none for a RST", answered)}.Report(t)
}

// RFC 1337: a RST can end TIME-WAIT early, and then an old segment can get into a new
// connection. RFC 9293 3.10.7.4 lets it; we ask that it has the very number (RFC 5961 3),
// so that no old RST does, nor a guess.
func TestAttackTimeWaitReset(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, "")
		c.CloseWrite()
		a.say(c, flagACK|flagFIN)
		tried, answered := 0, 0
		for at := int64(1); at < 1<<32; at += 65535 { // once in each window
			for _, flags := range []uint8{flagRST, flagRST | flagACK} {
				answered += len(a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt + seqNum(at), ack: c.snd.nxt, flags: flags})))
				tried++
			}
		}
		if a.s.tcp.timeWait.conns[c.key] == nil || answered > 0 {
			t.Errorf("TIME-WAIT was ended by a guess, or one of %d answers was", answered)
		}
		a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt, flags: flagRST}))
		if a.s.tcp.timeWait.conns[c.key] != nil {
			t.Error("the RST with the right number does not end it")
		}
		suite.Row{Area: "attack", What: "TIME-WAIT assassination", Source: "RFC 1337, RFC 9293 3.10.7.4", Tried: fmt.Sprintf("%d resets over the sequence space", tried),
			Outcome: "TIME-WAIT stays; only a RST with the very number ends it"}.Report(t)
	})
}

// More connections end in TIME-WAIT than the table holds, as in a benchmark of a server that
// closes first, or an attack on its memory.
func TestAttackTimeWaitTable(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		a.forget = true
		conns := maxTimeWait + 1000
		before := suite.Heap()
		for i := range conns {
			c := a.open(uint16(1+i), "020405b4")
			c.Close()
			a.say(c, flagACK|flagFIN)
		}
		held, grown := len(a.s.tcp.timeWait.conns), suite.Heap()-before
		if held != maxTimeWait || a.s.tcp.timeWait.queue.Len() != maxTimeWait {
			t.Errorf("%d in TIME-WAIT, at most %d", held, maxTimeWait)
		}
		each := grown / int64(held)
		if each > 500 {
			t.Errorf("%d bytes for each", each)
		}
		a.pass(timeWaitLen + time.Second)
		if n := len(a.s.tcp.timeWait.conns); n > 0 {
			t.Errorf("%d are left", n)
		}
		suite.Row{Area: "attack", What: "more connections in TIME-WAIT than there is room for", Source: "RFC 9293 3.6.1 (MUST-13)", Tried: fmt.Sprintf("%d connections, closed by us", conns),
			Outcome: fmt.Sprintf("%d are kept, less than %d bytes each; the others end early; after %v none is left", held, (each/100+1)*100, timeWaitLen)}.Report(t)
	})
}

// Windows of one byte at a time, for ever: silly windows (RFC 9293 3.8.6.2.1), which would
// have us send 40 bytes of header for each byte.
func TestAttackSillyWindows(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, "020405b4")
		a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: 1, ack: c.snd.nxt, flags: flagACK, wnd: 1}))
		if _, err := c.Write(make([]byte, 50_000)); err != nil {
			a.Fatal(err)
		}
		a.segments = 0
		const acks = 1000
		for range acks {
			a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: 1, ack: c.snd.nxt, flags: flagACK, wnd: 1}))
			a.pass(10 * time.Millisecond)
		}
		if limit := int(acks*10*time.Millisecond/overrideTimeout) + 2; a.segments > limit {
			t.Errorf("%d segments, at most %d", a.segments, limit)
		}
		suite.Row{Area: "attack", What: "windows of one byte at a time", Source: "RFC 9293 3.8.6.2.1, RFC 813", Tried: fmt.Sprintf("%d windows in %v", acks, acks*10*time.Millisecond),
			Outcome: fmt.Sprintf("%d segments sent: one in %v", a.segments, overrideTimeout)}.Report(t)
	})
}
