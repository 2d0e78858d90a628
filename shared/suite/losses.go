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
				p := b.newPeer(opened(fmt.Sprintf("<mss %d>", mss), 60000))
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
func (b *Bench) roundTrips(p *player, n int, acks func(round, at int) bool) (rounds []int) {
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
		p := b.newPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
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
				p := b.newPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
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
				b.newPeer(withRTT(sackPeer, 60000, ".1") + `
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

// "After a retransmit timeout ... the data sender MUST retransmit the segment at the left
// edge of the window after a retransmit timeout, whether or not the SACKed bit is on for
// that segment" (RFC 2018 8), and does not ask for what the peer may have thrown away.
func testScriptReneging(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.newPeer(withRTT(sackPeer, 60000, ".1") + `
			+0   do write 4000 = 4000
			` + burstOf(1, 4001, true) + `
			+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1001 win 60000`)
		defer p.Close()
		next := 1001 // the peer has thrown 1001 to 4001 away
		for range 100 {
			for _, seg := range p.Sent(100 * time.Millisecond) {
				if int(seg.Seq) == next {
					next += seg.Len
				}
			}
			if next > 1001 {
				p.Send(p.Parse(". 1:1(0) ack " + strconv.Itoa(next) + " win 60000"))
			}
		}
		if next != 4001 {
			t.Errorf("after 10 s all up to %d has come, want 4001", next)
		}
	})
}

// When a recovery is over, another loss is noticed in the same way.
func testScriptNewRenoAgain(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.newPeer(opened(plainPeer, 60000) + `
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

// "As long as the receiving TCP peer continues to send acknowledgments in response to the
// probe segments, the sending TCP peer MUST allow the connection to stay open" (RFC 9293
// 3.8.6.1, MUST-37): for hours. If there is no answer any more, R2 counts.
func testPersistForHours(t *testing.T, k *kind) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.newPeer(withRTT(peer, 3000, ".1") + `
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
				for p.state() == "ESTABLISHED" && p.Now() < 6*time.Hour {
					p.Sent(time.Second)
				}
				if silent := p.Now() - last; p.state() == "ESTABLISHED" || silent < 100*time.Second || silent > 8*time.Minute {
					t.Errorf("%s after %v without an answer", p.state(), silent)
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
