package suite

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// The peers of these tests: all take 1000 bytes in a segment, and more of them than a congestion window of this length.
const (
	plainPeer = "<mss 1000>"
	sackPeer  = "<mss 1000,nop,nop,sackOK>"
)

// stream has the user write n bytes of the stream, and does not wait for that.
func (b *Bench) stream(n int) { go b.kept().writeNext(n) }

// The initial window: "min (10*MSS, max (2*MSS, 14600))" (RFC 6928 2).
func testScriptInitialWindow(t *testing.T, k *kind) {
	for mss, want := range map[int]int{1460: 10, 1000: 10, 536: 10, 100: 10, 48: 10} {
		t.Run(fmt.Sprint("MSS ", mss), func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(opened(fmt.Sprintf("<mss %d>", mss), 60000))
				defer p.Close()
				b.stream(60000)
				sent := p.Sent(50 * time.Millisecond)
				if len(sent) != want || flightOf(sent) != want*mss {
					t.Errorf("%d segments with %d bytes, want %d with %d", len(sent), flightOf(sent), want, want*mss)
				}
			})
		})
	}
}

func flightOf(sent []script.Segment) (n int) {
	for _, seg := range sent {
		n += seg.Len
	}
	return n
}

// roundTrips has the peer acknowledge all that comes, every second segment, one round trip
// later, and returns how many segments there were in each. The user always has more.
func (b *Bench) roundTrips(p *Player, n int, acks func(round, at int) bool) (rounds []int) {
	at := 1
	for round := range n {
		sent := p.Sent(100 * time.Millisecond)
		rounds = append(rounds, len(sent))
		for i, seg := range sent {
			at = max(at, int(int32(seg.Seq))+seg.Len)
			if (i%2 == 1 || i == len(sent)-1) && acks(round, at) {
				p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 65535", at)))
			}
		}
	}
	return rounds
}

func always(int, int) bool { return true }

// Slow start: "During slow start, a TCP increments cwnd by at most SMSS bytes for each ACK
// received that cumulatively acknowledges new data", or by all that it does (RFC 5681 3.1,
// RFC 3465): the window doubles, and never does more.
func testCongestionSlowStart(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
		defer p.Close()
		b.stream(8 << 20)
		rounds := b.roundTrips(p, 6, always)
		if rounds[0] != 10 {
			t.Errorf("it begins with %d segments", rounds[0])
		}
		for i := 1; i < len(rounds); i++ {
			if rounds[i] < rounds[i-1]*17/10 || rounds[i] > 2*rounds[i-1]+1 {
				t.Errorf("segments in each round trip: %v, want twice as many in each", rounds)
			}
		}
	})
}

// "cwnd SHOULD be set to no more than RW before transmission begins if the TCP has not
// sent data in an interval exceeding the retransmission timeout" (RFC 5681 4.1).
func testCongestionIdleRestart(t *testing.T, k *kind) {
	for idle, burst := range map[time.Duration]bool{50 * time.Millisecond: true, 10 * time.Second: false} {
		t.Run(idle.String(), func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
				defer p.Close()
				b.stream(310000) // 10, 20, 40, 80, 160
				b.roundTrips(p, 5, always)
				p.Sent(idle)
				b.stream(200000)
				if n := len(p.Sent(99 * time.Millisecond)); n < 1 || n > 10 && !burst || n < 50 && burst {
					t.Errorf("after %v: %d segments", idle, n)
				}
			})
		})
	}
}

// A probe that sends something again repairs a loss without anybody noticing; the window
// gets smaller for it all the same, unless a D-SACK tells that there was none (RFC 8985
// 7.4).
func testTLPLoss(t *testing.T, k *kind) {
	for options, want := range map[string][2]int{"": {5000, 8000}, " <nop,nop,sack 1001:2001>": {10000, 12000}} {
		t.Run(options, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				b.NewPeer(withRTT(sackPeer, 60000, ".1") + `
					+0   do write 2000 = 2000
					+0   > . 1:1001(1000) ack 1
					+0~+.02 > P. 1001:2001(1000) ack 1
					+.09 < . 1:1(0) ack 1001 win 60000
					+.1~+.305 > P. 1001:2001(1000) ack 1
					+.11 < . 1:1(0) ack 2001 win 60000` + options).Close()
				if got := k.figures(b.Host, 8000)["cwnd"]; got < want[0] || got > want[1] {
					t.Errorf("cwnd is %d, want %d to %d", got, want[0], want[1])
				}
			})
		})
	}
}

// The receiver forgets what it had acknowledged with SACK. It is sent again, for "the sender MUST NOT discard data before
// it is acknowledged by the Acknowledgment Number field" (RFC 2018 8), and soon, although the peer does not say that it
// forgets.
func testScriptReneging(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(withRTT(sackPeer, 60000, ".02") + `
			+0   do write 10000 = 10000
			` + burstOf(1, 10001, true) + `
			+.02 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:10001>
			+0   > . 1:1001(1000) ack 1
			+.02 < . 1:1(0) ack 1001 win 60000`)
		defer p.Close()
		next := 1001 // the peer has thrown 1001 to 10001 away
		for range 1000 {
			before := next
			for _, seg := range p.Sent(time.Millisecond) {
				if int(seg.Seq) == next {
					next += seg.Len
				}
			}
			if next > before {
				p.Send(p.Parse(". 1:1(0) ack " + strconv.Itoa(next) + " win 60000"))
			}
		}
		if next != 10001 {
			t.Errorf("after a second all up to %d has come, want 10001", next)
		}
	})
}

// When a recovery is over, another loss is noticed in the same way.
func testScriptNewRenoAgain(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(opened(plainPeer, 60000) + `
			+0   do write 10000 = 10000
			` + burstOf(1, 10001, true) + dupACKs(3, "1") + `
			+0   > . 1:1001(1000) ack 1
			+.01 < . 1:1(0) ack 10001 win 60000`)
		defer p.Close()
		b.stream(60000)
		sent := p.Sent(5 * time.Millisecond)
		for len(sent) < 4 {
			last := sent[len(sent)-1]
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", int(last.Seq)+last.Len)))
			sent = p.Sent(5 * time.Millisecond)
		}
		again := 0
		for range 3 {
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", sent[0].Seq)))
			for _, seg := range p.Sent(time.Millisecond) {
				if seg.Seq == sent[0].Seq {
					again++
				}
			}
		}
		if again != 1 {
			t.Errorf("%d was sent again %d times, want 1", sent[0].Seq, again)
		}
	})
}

// A window that was not used says nothing about the network, and does not grow (RFC 9438 5.8, RFC 7661 1).
func testWindowNotUsed(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
		defer p.Close()
		before := k.figures(b.Host, 8000)["cwnd"]
		for i := range 1000 {
			b.stream(100)
			if sent := p.Sent(10 * time.Millisecond); len(sent) != 1 {
				t.Fatalf("%d segments", len(sent))
			}
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 65535", 101+100*i)))
			p.Sent(time.Millisecond)
		}
		if after := k.figures(b.Host, 8000)["cwnd"]; after > before {
			t.Errorf("never more than 100 bytes on their way, cwnd %d, then %d", before, after)
		}
	})
}

// What several losses of one window do to it: it gets smaller once, to no less than a half (RFC 5681 3.2, equation 4)
// and no more than 0.7 (RFC 9438 4.6).
func testSmallerOnce(t *testing.T, k *kind) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(withRTT(peer, 60000, ".1"))
				defer p.Close()
				b.stream(10000)
				p.Sent(90 * time.Millisecond)
				for _, blocks := range []string{ // 1, 4001 and 7001 are lost
					"1001:2001", "1001:3001", "1001:4001", "5001:6001 1001:4001", "5001:7001 1001:4001",
					"8001:9001 5001:7001 1001:4001", "8001:10001 5001:7001 1001:4001",
				} {
					ack := ". 1:1(0) ack 1 win 60000"
					if name == "SACK" {
						ack += " <nop,nop,sack " + blocks + ">"
					}
					p.Send(p.Parse(ack))
					p.Sent(time.Millisecond)
				}
				for _, ack := range []int{4001, 7001, 10001} {
					p.Sent(50 * time.Millisecond)
					p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", ack)))
				}
				p.Sent(time.Millisecond)
				got := k.figures(b.Host, 8000)
				if got["ssthresh"] < 5000 || got["ssthresh"] > 7000 || got["cwnd"] > got["ssthresh"]*11/10 {
					t.Errorf("ssthresh %d, cwnd %d, want 5000 to 7000", got["ssthresh"], got["cwnd"])
				}
			})
		})
	}
}

// On a long path what is more than the initial window, "a burst that any path is expected to take", is spread over the
// round trip, in slow start over half of it (RFC 6928 5 leaves it to pacing that the window itself is no burst). The
// window grows to 18 segments first.
func testFarIsPaced(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		text := withRTT(sackPeer, 60000, ".04")
		for next := 1; next < 10001; next += 1000 {
			text += fmt.Sprintf("+0 do write 1000 = 1000\n+0 > P. %d:%d(1000) ack 1\n+.04 < . 1:1(0) ack %[2]d win 60000\n", next, next+1000)
		}
		p := b.NewPeer(text + "+0 do write 30000 = 30000\n" + burstOf(10001, 20001))
		defer p.Close()
		p.Sent(40 * time.Millisecond)
		p.Send(p.Parse(". 1:1(0) ack 20001 win 60000"))
		if n := len(p.Sent(100 * time.Microsecond)); n < 10 || n > 15 {
			t.Errorf("%d segments at once, want 10 and what a moment's share is", n)
		}
		for range 7 {
			if n := len(p.Sent(3 * time.Millisecond)); n > 7 {
				t.Errorf("%d segments within 3 ms, want no more than 18 in 20 ms", n)
			}
		}
	})
}

// A peer may delay its ACK by up to half a second (RFC 9293 3.8.6.3, MUST-40), and we probe after less. One probe in vain
// is enough: nobody knows which copy was answered, so the next segment is given more time, and its answer is a sample
// (RFC 6298 3, Karn). Without D-SACK each probe would make the window smaller.
func testPatientWithLateACKs(t *testing.T, k *kind) {
	for peer, open := range map[string]string{
		"SACK": withRTT("<mss 1460,nop,nop,sackOK>", 60000, ".01"),
		"timestamps": `
			+0   < S 0:0(0) win 60000 <mss 1460,sackOK,TS val 1 ecr 0,nop,nop>
			+0   > S. 0:0(0) ack 1 <TS val a ecr 1,...>
			+.01 < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1 ecr a>
			+0   do accept`,
	} {
		t.Run(peer, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(open)
				defer p.Close()
				again := 0
				for i := range 20 {
					b.stream(1000)
					sent := p.Sent(300 * time.Millisecond)
					again += len(sent) - 1
					ack := fmt.Sprintf(". 1:1(0) ack %d win 60000", 1001+1000*i)
					for _, o := range sent[len(sent)-1].Options {
						if o.Kind == 8 { // timestamps
							ack += fmt.Sprintf(" <nop,nop,TS val %d ecr %d>", i+2, o.Val.N)
						}
					}
					p.Send(p.Parse(ack))
				}
				cwnd := k.figures(b.Host, 8000)["cwnd"]
				t.Logf("%d segments sent again, cwnd %d", again, cwnd)
				if again > 4 || cwnd < 5000 {
					t.Errorf("of 20 segments %d were sent again, cwnd %d", again, cwnd)
				}
			})
		})
	}
}

// A peer without memory throws away all that is not next, and says so with an ACK that has no SACK block. What is missing
// was sent again, and lost again. Each ACK lets another tail loss probe go, which must not start the retransmission timer
// anew, or that would never go off (RFC 8985 7.3).
func testTimeoutBehindProbes(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(withRTT(sackPeer, 65535, ".01") + `
			+0 do nodelay
			+0 do write 20000 = 20000
			` + burstOf(1, 10001))
		defer p.Close()
		p.Send(p.Parse(". 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:5001>"))
		first := 0 // how often the first one is sent again
		for range 60 {
			for _, seg := range p.Sent(100 * time.Millisecond) {
				if int32(seg.Seq) == 1 && seg.Len > 0 {
					first++
					continue // lost
				}
				p.Send(p.Parse(". 1:1(0) ack 1 win 65535"))
			}
		}
		if first < 3 {
			t.Errorf("in 6 seconds the missing segment was sent again %d times", first)
		}
	})
}

// "As long as the receiving TCP peer continues to send acknowledgments in response to the
// probe segments, the sending TCP peer MUST allow the connection to stay open" (RFC 9293
// 3.8.6.1, MUST-37): for hours. If there is no answer any more, R2 counts.
func testPersistForHours(t *testing.T, k *kind) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(withRTT(peer, 3000, ".1") + `
					+0 < . 1:1(0) ack 1 win 0
					+0 do! flood`)
				defer p.Close()
				var last, longest, shortest time.Duration = p.Now(), 0, time.Hour
				for p.Now() < 5*time.Hour {
					for _, seg := range p.Sent(time.Second) {
						if seg.Len != 1 || int32(seg.Seq) != 1 {
							t.Fatalf("at %v: %s", p.Now(), seg)
						}
						if p.Now() > time.Hour {
							shortest, longest = min(shortest, p.Now()-last), max(longest, p.Now()-last)
						}
						last = p.Now()
						p.Send(p.Parse(". 1:1(0) ack 1 win 0"))
					}
				}
				if longest > 62*time.Second || shortest < 58*time.Second {
					t.Errorf("after an hour, the probes are %v to %v apart", shortest, longest)
				}
				for p.State() == "ESTABLISHED" && p.Now() < 6*time.Hour {
					p.Sent(time.Second)
				}
				if silent := p.Now() - last; p.State() == "ESTABLISHED" || silent < 100*time.Second || silent > 8*time.Minute {
					t.Errorf("%s after %v without an answer", p.State(), silent)
				}
				if _, err := b.kept().write([]byte{0}); !errors.Is(err, syscall.ETIMEDOUT) {
					t.Errorf("Write returned %v, want ETIMEDOUT", err)
				}
			})
		})
	}
}

// Many dial a neighbour at once whose MAC address is not known yet. "The link layer SHOULD
// save (rather than discard) at least one ... packet" of those that wait for it (RFC 1122
// 2.3.2.2); the other SYNs are sent again (RFC 9293 3.8.1).
func testDialManyAtOnce(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		p.listen(80)
		const dials = 100
		errs := make(chan error, dials)
		for range dials {
			go func() {
				_, err := k.dial(context.Background(), p.Peer, netip.AddrPortFrom(OurIP, 80))
				errs <- err
			}()
		}
		for range dials {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}
