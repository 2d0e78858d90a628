//go:build exercise

package stack

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The exercises of docs/3-tcp-handshake.md. Each test fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part3-tcp-handshake/...

// "If a Window Scale option is received with a shift.cnt value larger than 14, the TCP
// SHOULD log the error but MUST use 14" (RFC 7323 2.3). Exercise 1: log it.
func TestExercise1LogScale(t *testing.T) {
	logged := func(b *bench, number string) bool {
		for line := range strings.Lines(b.Log.String()) {
			if !strings.Contains(line, "Flags [") && strings.Contains(line, "scale") && strings.Contains(line, number) {
				return true
			}
		}
		return false
	}
	for options, number := range map[string]string{"<mss 1460,nop,wscale 15>": "15", "<mss 1460,nop,wscale 255>": "255", "<mss 1460,nop,wscale 14>": ""} {
		for which, text := range map[string]string{
			"a SYN":     "+0 < S 0:0(0) win 1000 OPTIONS\n+0 > S. 0:0(0) ack 1",
			"a SYN,ACK": "+0 do! dial\n+0 > S 0:0(0)\n+0 < S. 0:0(0) ack 1 win 1000 OPTIONS\n+0 > . 1:1(0) ack 1\n+0 done dial",
		} {
			onBench(t, func(b *bench) {
				b.Play(replace(text, options))
				switch {
				case number != "" && !logged(b, number):
					t.Errorf("%s with %s came, and no line of the log has the word scale and the number %s", which, options, number)
				case number == "" && logged(b, "14"):
					t.Errorf("%s with %s came, which is no error, and it was logged", which, options)
				}
			})
		}
	}
}

// Exercise 2: the SACK-Permitted option (RFC 2018 2): kind 4, length 2.
func TestExercise2SACKPermitted(t *testing.T) {
	const kind = 4
	onTCPDirect(t, func(a *tcpDirect) {
		for options, want := range map[string]bool{"020405b4 01010402": true, "0402 0303 07 00 00 00": true, "020405b4": false} {
			seg := segment{srcPort: 1000, dstPort: 80, flags: flagSYN, wnd: 1000, options: unhex(options)}
			got := a.hit(forge(peerIP, seg))
			if len(got) != 1 || !got[0].has(flagSYN|flagACK) {
				a.Fatalf("a SYN with the options %s is answered by %v", options, got)
			}
			contents, found := findOption(got[0].options, kind)
			switch {
			case found != want:
				t.Errorf("to a SYN with the options %s, the SYN,ACK has % x: SACK-Permitted in it: %v, want %v", options, got[0].options, found, want)
			case len(contents) != 0:
				t.Errorf("the option's length is %d, want 2", 2+len(contents))
			}
			if got[0].opt.mss != 1460 {
				t.Errorf("the MSS is not to be found in % x any more", got[0].options)
			}
			a.hit(forge(peerIP, segment{srcPort: 1000, dstPort: 80, seq: 1, flags: flagRST}))
		}
		a.s.mu.Lock()
		a.out = nil
		_, err := a.s.activeOpen(netip.AddrPortFrom(peerIP, 8000))
		a.s.mu.Unlock()
		a.pass(time.Millisecond)
		if err != nil || len(a.out) != 1 {
			a.Fatalf("dial: %v, sent %v", err, a.out)
		}
		if _, found := findOption(a.out[0].options, kind); !found {
			t.Errorf("our own SYN has the options % x, and no SACK-Permitted", a.out[0].options)
		}
	})
}

// answered is what ends SYN-SENT: the peer's SYN+ACK.
const answered = `
	+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>
	+0 > . 1:1(0) ack 1
	+0 done dial
	+0 state ESTABLISHED
`

// Exercise 3: a dial that nobody answers is given up, but not before "at least 3 minutes"
// (RFC 9293 3.8.3, MUST-23).
func TestExercise3DialGivesUp(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		b.meet()
		ended := make(chan error, 1)
		go func() {
			_, err := b.s.DialTCP(b.Context(), netip.AddrPortFrom(peerIP, 8000))
			ended <- err
		}()
		b.Advance(179 * time.Second)
		select {
		case err := <-ended:
			b.Fatalf("it gave up before three minutes were over: %v", err)
		default:
		}
		b.Advance(121 * time.Second)
		select {
		case err := <-ended:
			if !errors.Is(err, syscall.ETIMEDOUT) {
				t.Errorf("it gave up with %v, want an error that wraps syscall.ETIMEDOUT", err)
			}
		default:
			t.Errorf("nobody has answered for five minutes, and the dial still waits, in %s", b.state(8000))
		}
		if n := len(b.s.tcp.conns); n > 0 && !t.Failed() {
			t.Errorf("it gave up, and %d connections are left", n)
		}
	})
	onBench(t, func(b *bench) {
		b.Play(dialled + answered)
		b.Advance(time.Hour)
		if state := b.state(8000); state != stateEstablished {
			t.Errorf("an hour after it was opened the connection is in %s", state)
		}
	})
}

// Exercise 4: who has most connections makes room.
func TestExercise4MostMakeRoom(t *testing.T) {
	open := func(a *tcpDirect, ip netip.Addr, port uint16) *Conn {
		t.Helper()
		syn := segment{srcPort: port, dstPort: 80, flags: flagSYN, wnd: 1000}
		got := a.hit(forge(ip, syn))
		if len(got) != 1 {
			a.Fatalf("%v:%d: the SYN is answered by %v", ip, port, got)
		}
		a.hit(forge(ip, segment{srcPort: port, dstPort: 80, seq: 1, ack: got[0].seq + 1, flags: flagACK, wnd: 1000}))
		c, err := a.l.AcceptTCP()
		if err != nil {
			a.Fatal(err)
		}
		return c
	}
	onTCPDirect(t, func(a *tcpDirect) {
		honest := open(a, anyHost(1), 5)
		var greedy []*Conn
		for i := range maxConns + 50 {
			greedy = append(greedy, open(a, peerIP, uint16(1000+i)))
		}
		if state := a.state(honest); state != stateEstablished {
			t.Errorf("one host has opened %d connections; the only one of another was reset to make room: %s (%v)", len(greedy), state, honest.err)
		}
		if first, last := a.state(greedy[0]), a.state(greedy[len(greedy)-1]); first != stateClosed || last != stateEstablished {
			t.Errorf("of those that have most, the most silent is in %s and the newest in %s, want CLOSED and ESTABLISHED", first, last)
		}
	})
	onTCPDirect(t, func(a *tcpDirect) { // all have one: then, as before, it is the most silent
		var conns []*Conn
		for i := range maxConns + 1 {
			conns = append(conns, open(a, anyHost(i), 5))
		}
		if first, last := a.state(conns[0]), a.state(conns[maxConns]); first != stateClosed || last != stateEstablished {
			t.Errorf("each has one: the most silent is in %s and the newest in %s, want CLOSED and ESTABLISHED", first, last)
		}
	})
}

// Exercise 5: a SYN,ACK that is not acknowledged is sent again after a second, and again
// after two more, and so on.
func TestExercise5SYNACKAgain(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		syn := segment{srcPort: 1000, dstPort: 80, flags: flagSYN, wnd: 1000, options: unhex("020405b4")}
		first := a.hit(forge(peerIP, syn))
		if len(first) != 1 {
			a.Fatalf("a SYN is answered by %v", first)
		}
		for _, after := range []time.Duration{time.Second, 2 * time.Second} {
			a.out = nil
			a.pass(after - time.Millisecond)
			if len(a.out) > 0 {
				a.Fatalf("less than %v later it sends %v", after, a.out)
			}
			a.pass(time.Millisecond)
			if len(a.out) != 1 || !a.out[0].has(flagSYN|flagACK) || a.out[0].seq != first[0].seq || a.out[0].ack != 1 {
				a.Fatalf("the SYN,ACK is lost, and %v later it sends %v; want the same SYN,ACK again", after, a.out)
			}
		}
		a.hit(forge(peerIP, segment{srcPort: 1000, dstPort: 80, seq: 1, ack: first[0].seq + 1, flags: flagACK, wnd: 1000}))
		c := a.conn(1000)
		if c == nil || a.state(c) != stateEstablished {
			a.Fatalf("the acknowledgment of the SYN,ACK opens nothing")
		}
		a.out = nil
		a.pass(10 * time.Minute)
		if len(a.out) > 0 || a.state(c) != stateEstablished {
			t.Errorf("it is acknowledged, and ten minutes later: %v sent, %s", a.out, a.state(c))
		}
	})
	onTCPDirect(t, func(a *tcpDirect) { // nobody answers, ever
		a.hit(forge(peerIP, segment{srcPort: 1000, dstPort: 80, flags: flagSYN, wnd: 1000}))
		a.out = nil
		a.pass(time.Hour)
		if n := len(a.out); n < 2 || n > 7 {
			t.Errorf("nobody acknowledges the SYN,ACK: it is sent again %d times, want 2 to 7", n)
		}
	})
}
