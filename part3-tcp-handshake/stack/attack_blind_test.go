package stack

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// openWide opens a connection that takes 65,535 bytes, in a part without buffers, too.
func (a *tcpDirect) openWide(port uint16) *Conn {
	c := a.open(port, "020405b4")
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	c.rcv.wnd = 65535
	return c
}

// sweep sends as many segments as it takes to try each window of the sequence space, one
// in a millisecond, and returns how many there were, and how many were answered.
func (a *tcpDirect) sweep(c *Conn, guess segment) (tried, answered int) {
	a.Helper()
	guess.srcPort, guess.dstPort = c.key.remotePort, 80
	start := guess.seq
	for at := int64(0); at < 1<<32-65535; at += 65535 {
		guess.seq = start + seqNum(at)
		got := a.hit(forge(peerIP, guess))
		answered += len(got)
		tried++
		for _, seg := range got {
			if seg.flags != flagACK || seg.ack != c.rcv.nxt || seg.seq != c.snd.nxt {
				a.Errorf("%v is answered by %v, which is no challenge ACK", guess, seg)
			}
		}
		if state := a.state(c); state != stateEstablished {
			a.Fatalf("guess %d, %v: it is in %s", tried, guess, state)
		}
		a.pass(time.Millisecond)
	}
	return tried, answered
}

// RFC 5961 3: a RST that somebody has to guess. One in each window of the sequence space,
// and then 65,534 in the one window where they are nearly right.
func TestAttackBlindReset(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.openWide(8000)
		tried, answered := a.sweep(c, segment{seq: c.rcv.nxt + 1, flags: flagRST})
		if answered != 1 {
			t.Errorf("%d challenge ACKs, and one RST was in the window", answered)
		}
		began, near, challenges := time.Now(), 0, 0
		for i := 1; i < 65535; i++ {
			challenges += len(a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt.add(i), flags: flagRST})))
			near++
			a.pass(100 * time.Microsecond)
		}
		took := time.Since(began)
		if limit := mostChallenges(took); challenges > limit || challenges < challengeLimit {
			t.Errorf("%d challenge ACKs in %v, at most %d", challenges, took, limit)
		}
		if a.state(c) != stateEstablished {
			t.Errorf("it is in %s", c.state)
		}
		a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt, flags: flagRST}))
		if a.state(c) != stateClosed {
			t.Error("and the peer's own RST does nothing")
		}
		suite.Row{Area: "attack", What: "blind reset", Source: "RFC 5961 3", Tried: fmt.Sprintf("%d resets over the sequence space, %d in the window", tried, near),
			Outcome: fmt.Sprintf("no connection lost; %d and %d challenge ACKs, at most %d in %v", answered, challenges, challengeLimit, challengeInterval)}.Report(t)
	})
}

// RFC 5961 4: a SYN, wherever it is, gets a challenge ACK and does nothing.
func TestAttackBlindSYN(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.openWide(8000)
		nxt := c.rcv.nxt
		began := time.Now()
		tried, answered := a.sweep(c, segment{seq: nxt, flags: flagSYN, wnd: 1, options: appendMSS(nil, 1)})
		took := time.Since(began)
		if limit := mostChallenges(took); answered > limit || answered < challengeLimit {
			t.Errorf("%d challenge ACKs in %v, at most %d", answered, took, limit)
		}
		if c.rcv.nxt != nxt || c.snd.mss != 1460 || c.snd.wnd != 65535 {
			t.Errorf("a SYN has changed something: RCV.NXT %d, MSS %d, SND.WND %d", c.rcv.nxt-nxt, c.snd.mss, c.snd.wnd)
		}
		suite.Row{Area: "attack", What: "blind SYN", Source: "RFC 5961 4", Tried: fmt.Sprintf("%d SYNs over the sequence space, the first with the very number", tried),
			Outcome: fmt.Sprintf("no connection lost or changed; %d challenge ACKs in %v", answered, took.Round(time.Second))}.Report(t)
	})
}

// RFC 5961 5: data, and FINs, of somebody who has to guess the acknowledgment number,
// too: "(SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT".
func TestAttackBlindData(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.openWide(8000)
		nxt, una := c.rcv.nxt, c.snd.una
		random := rand.New(rand.NewPCG(5961, 5))
		tried, answered := 0, 0
		for range 65536 {
			ack := una + 1 + seqNum(random.Int64N(1<<32-65535-2)) // any but those that are right
			seg := segment{srcPort: 8000, dstPort: 80, seq: nxt.add(random.IntN(1000)), ack: ack, flags: flagACK, wnd: 1}
			if seg.data = []byte("forged"); tried%2 == 1 {
				seg.flags |= flagFIN
			}
			answered += len(a.hit(forge(peerIP, seg)))
			tried++
			a.pass(time.Millisecond)
		}
		if c.rcv.nxt != nxt || c.snd.una != una || c.snd.wnd != 65535 || a.state(c) != stateEstablished {
			t.Errorf("in %s: RCV.NXT %+d, SND.UNA %+d, SND.WND %d", c.state, c.rcv.nxt-nxt, c.snd.una-una, c.snd.wnd)
		}
		if limit := mostChallenges(time.Duration(tried) * time.Millisecond); answered > limit || answered < challengeLimit {
			t.Errorf("%d challenge ACKs, at most %d", answered, limit)
		}
		right := uint64(1<<32/65535) * (1 << 32 / uint64(c.snd.maxWnd))
		suite.Row{Area: "attack", What: "blind data injection", Source: "RFC 5961 5", Tried: fmt.Sprintf("%d segments with the right sequence number, half with a FIN", tried),
			Outcome: fmt.Sprintf("nothing taken; %d challenge ACKs; with windows of 65535 it takes %d guesses", answered, right)}.Report(t)
	})
}

// CVE-2016-5696: a limit of challenge ACKs for all connections together would tell
// somebody who has one of his own what he has hit on others.
func TestAttackChallengeSideChannel(t *testing.T) {
	own := func(a *tcpDirect, c *Conn) (n int) {
		for i := range 3 * challengeLimit {
			n += len(a.hit(forge(peerIP, segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt.add(1 + i), flags: flagRST})))
		}
		return n
	}
	seen := make(map[string]int)
	guesses := map[string]func(c *Conn) segment{
		"nothing":                func(*Conn) segment { return segment{srcPort: 9999, dstPort: 80, flags: flagRST} },
		"the ports":              func(c *Conn) segment { return segment{srcPort: c.key.remotePort, flags: flagSYN} },
		"a number in the window": func(c *Conn) segment { return segment{srcPort: c.key.remotePort, seq: c.rcv.nxt + 9, flags: flagRST} },
		"an acknowledgment": func(c *Conn) segment {
			return segment{srcPort: c.key.remotePort, seq: c.rcv.nxt, ack: c.snd.nxt + 9, flags: flagACK}
		},
	}
	tried := 0
	for what, guess := range guesses {
		onTCPDirect(t, func(a *tcpDirect) {
			his, others := a.openWide(8000), a.openWide(8001)
			seg := guess(others)
			seg.dstPort = 80
			for range 2 * challengeLimit {
				a.hit(forge(peerIP, seg))
				tried++
			}
			seen[what] = own(a, his)
		})
	}
	for what, n := range seen {
		if n != seen["nothing"] {
			t.Errorf("who has guessed %s sees %d challenge ACKs on his own connection, else %d", what, n, seen["nothing"])
		}
	}
	suite.Row{Area: "attack", What: "challenge ACKs as a side channel", Source: "CVE-2016-5696, RFC 5961 7", Tried: fmt.Sprintf("%d guesses of ports, sequence and acknowledgment numbers", tried),
		Outcome: fmt.Sprintf("nothing to be learnt: %d challenge ACKs on the attacker's own connection, whatever he has hit; the limit is each connection's own", seen["nothing"])}.Report(t)
}

// RFC 6528: what somebody knows who has opened 65,536 connections says nothing about
// the initial sequence number of the next.
func TestAttackISS(t *testing.T) {
	s := newTestStack(3)
	defer s.Close()
	const conns = 1 << 16
	var values, steps [256]int
	began, last := s.tcp.began, seqNum(0)
	for i := range conns {
		s.tcp.began = time.Now() // the clock stands still
		iss := s.newISS(connKey{peerIP.As4(), uint16(i), 80})
		values[iss>>24]++
		steps[(iss-last)>>24]++
		last = iss
	}
	s.tcp.began = began
	// Of a fair die with 256 sides, the sum is 255 on average, with a deviation of 22.6.
	for name, counts := range map[string]*[256]int{"numbers": &values, "steps": &steps} {
		if chi := chiSquare(counts[:], conns); chi < 255-6*22.6 || chi > 255+6*22.6 {
			t.Errorf("the %s are not spread at random: chi-square is %.0f", name, chi)
		}
	}
	suite.Row{Area: "attack", What: "prediction of initial sequence numbers", Source: "RFC 6528, CERT CA-2001-09", Tried: fmt.Sprintf("the numbers of %d connections from one host", conns),
		Outcome: fmt.Sprintf("numbers and their differences are spread at random: chi-square %.0f and %.0f, where 255 is expected",
			chiSquare(values[:], conns), chiSquare(steps[:], conns))}.Report(t)
}

func chiSquare(counts []int, n int) (sum float64) {
	want := float64(n) / float64(len(counts))
	for _, got := range counts {
		sum += (float64(got) - want) * (float64(got) - want) / want
	}
	return sum
}
