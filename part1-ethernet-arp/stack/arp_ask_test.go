package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// resolution is what Resolve returned, and when.
type resolution struct {
	mac MAC
	err error
	at  time.Duration
}

// goResolve calls Resolve in a goroutine of its own.
func (b *bench) goResolve(ctx context.Context, ip netip.Addr) <-chan resolution {
	c := make(chan resolution, 1)
	start := time.Now()
	go func() {
		mac, err := b.s.Resolve(ctx, ip)
		c <- resolution{mac, err, time.Since(start)}
	}()
	synctest.Wait()
	return c
}

func TestResolveAsksAndIsAnswered(t *testing.T) {
	onBench(t, func(b *bench) {
		c := b.goResolve(b.Context(), peerIP)
		b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
		b.wantKnown(peerIP, MAC{}, neighbourIncomplete)
		b.Send(reply(peerMAC, peerIP))
		if r := <-c; r.mac != peerMAC || r.err != nil {
			b.Errorf("Resolve = %v, %v", r.mac, r.err)
		}
		// The second time the table knows.
		if r := <-b.goResolve(b.Context(), peerIP); r.mac != peerMAC || r.err != nil || r.at != 0 {
			b.Errorf("Resolve = %v, %v after %v", r.mac, r.err, r.at)
		}
		b.Silence()
	})
}

// RFC 1122 2.3.2.1: no more than one question a second for each address. After
// three the neighbour is given up.
func TestThreeQuestionsASecondApart(t *testing.T) {
	onBench(t, func(b *bench) {
		r := <-b.goResolve(b.Context(), otherIP)
		if !errors.Is(r.err, syscall.EHOSTUNREACH) || r.at != 3*time.Second {
			b.Errorf("Resolve = %v after %v, want EHOSTUNREACH after 3s", r.err, r.at)
		}
		sent := b.Take()
		if len(sent) != 3 {
			b.Fatalf("%d questions, want 3", len(sent))
		}
		for i, f := range sent {
			if f.At != time.Duration(i)*time.Second {
				b.Errorf("question %d at %v", i+1, f.At)
			}
			b.WantARP(f.Bytes, broadcastMAC, layers.ARPRequest, ourIP, MAC{}, otherIP)
		}
		b.WantLog("ARP: 10.0.0.9: INCOMPLETE -> FAILED")
		b.wantKnown(otherIP, MAC{}, neighbourNone)
	})
}

// However many want to know, and however often, the questions stay a second
// apart, also across a failure.
func TestQuestionsAreNeverCloserThanASecond(t *testing.T) {
	onBench(t, func(b *bench) {
		for range 100 {
			b.sendTo(otherIP, "x")
			b.goResolve(b.Context(), otherIP)
			b.Advance(97 * time.Millisecond)
		}
		sent := b.Take()
		if len(sent) < 9 {
			b.Errorf("only %d questions in 9.7 s", len(sent))
		}
		for i := 1; i < len(sent); i++ {
			if gap := sent[i].At - sent[i-1].At; gap < time.Second {
				b.Errorf("questions %d and %d are %v apart", i, i+1, gap)
			}
		}
	})
}

// An answer to the second or third question is as good as one to the first.
func TestLateAnswer(t *testing.T) {
	onBench(t, func(b *bench) {
		c := b.goResolve(b.Context(), peerIP)
		b.Advance(2500 * time.Millisecond)
		b.Send(reply(peerMAC, peerIP))
		if r := <-c; r.mac != peerMAC || r.err != nil {
			b.Errorf("Resolve = %v, %v", r.mac, r.err)
		}
	})
}

// One that comes when we have given up is learnt, too, as it is for us: the next to ask for
// that neighbour need not wait. (RFC 826: "add the triplet ... to the translation table".)
func TestAnswerAfterGivingUp(t *testing.T) {
	onBench(t, func(b *bench) {
		if r := <-b.goResolve(b.Context(), peerIP); !errors.Is(r.err, syscall.EHOSTUNREACH) || r.at != 3*time.Second {
			b.Errorf("Resolve = %v, %v after %v, want EHOSTUNREACH after 3s", r.mac, r.err, r.at)
		}
		b.Take()
		b.Advance(time.Second)
		b.Send(reply(peerMAC, peerIP)) // it took four seconds
		if r := <-b.goResolve(b.Context(), peerIP); r.mac != peerMAC || r.err != nil || r.at != 0 {
			b.Errorf("Resolve = %v, %v after %v, want it at once", r.mac, r.err, r.at)
		}
		b.Silence()
	})
}

// A question that the neighbour asks us tells its MAC as well as an answer does.
func TestQuestionAnswersOurQuestion(t *testing.T) {
	onBench(t, func(b *bench) {
		c := b.goResolve(b.Context(), peerIP)
		b.Send(request(peerMAC, peerIP, ourIP))
		if r := <-c; r.mac != peerMAC || r.err != nil {
			b.Errorf("Resolve = %v, %v", r.mac, r.err)
		}
	})
}

func TestResolveErrors(t *testing.T) {
	onBench(t, func(b *bench) {
		for _, ip := range []string{"10.0.0.4", "10.0.0.255", "10.0.0.0", "10.0.1.1", "224.0.0.1", "::1"} {
			if _, err := b.s.Resolve(b.Context(), netip.MustParseAddr(ip)); !errors.Is(err, syscall.ENETUNREACH) {
				b.Errorf("Resolve(%s): %v, want ENETUNREACH", ip, err)
			}
		}
		b.Silence()
		ctx, cancel := context.WithTimeout(b.Context(), 500*time.Millisecond)
		defer cancel()
		if r := <-b.goResolve(ctx, otherIP); !errors.Is(r.err, context.DeadlineExceeded) || r.at != 500*time.Millisecond {
			b.Errorf("Resolve = %v after %v, want the caller's deadline", r.err, r.at)
		}
	})
}

func TestCloseEndsResolve(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.Announce()
		c := b.goResolve(b.Context(), otherIP)
		b.sendTo(otherIP, "waits") // is dropped, not leaked
		b.s.Close()
		if r := <-c; !errors.Is(r.err, net.ErrClosed) {
			b.Errorf("Resolve = %v, want net.ErrClosed", r.err)
		}
		if _, err := b.s.Resolve(b.Context(), otherIP); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Resolve after Close = %v, want net.ErrClosed", err)
		}
		b.wantDropped(errClosed, 1)
		if !b.s.arp.announcer.due.IsZero() {
			b.Error("the announcer's timer runs")
		}
		if b.s.arp.waiting != 0 || b.s.arp.asking != 0 || len(b.s.arp.neighbours) != 0 {
			b.Errorf("left in the table: %d packets, %d questions, %d neighbours",
				b.s.arp.waiting, b.s.arp.asking, len(b.s.arp.neighbours))
		}
	})
}

// Packets wait for the answer and go out in their order.
func TestPacketsWaitForTheAnswer(t *testing.T) {
	onBench(t, func(b *bench) {
		for _, text := range []string{"one", "two", "three"} {
			b.sendTo(peerIP, text)
		}
		b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
		b.Send(reply(peerMAC, peerIP))
		b.sendTo(peerIP, "four") // waits for nothing
		want := []string{"one", "two", "three", "four"}
		sent := b.Take()
		if len(sent) != len(want) {
			b.Fatalf("%d frames, want %d", len(sent), len(want))
		}
		for i, f := range sent {
			h, payload, err := parseEther(f.Bytes)
			if err != nil || h != (etherHeader{peerMAC, ourMAC, etherTypeTest}) || string(payload) != want[i] {
				b.Errorf("frame %d: %+v %q, %v; want %q", i, h, payload, err, want[i])
			}
		}
		b.do(func() {
			if b.s.arp.waiting != 0 {
				b.Errorf("%d packets still counted as waiting", b.s.arp.waiting)
			}
		})
	})
}

// When nobody answers, what waited is dropped, and its buffers are not lost.
func TestWaitingPacketsAreDroppedAtLast(t *testing.T) {
	onBench(t, func(b *bench) {
		for range 5 {
			b.sendTo(otherIP, "x")
		}
		b.Advance(3 * time.Second)
		b.wantDropped(errARPNoAnswer, 5)
		b.do(func() {
			if b.s.arp.waiting != 0 {
				b.Errorf("%d packets still counted as waiting", b.s.arp.waiting)
			}
			if n := len(b.s.freePackets); n != 6 { // the five, and the questions' one
				b.Errorf("%d buffers are free again, want 6", n)
			}
		})
	})
}

// RFC 1122 2.3.2.2: the latest packet SHOULD be saved. So the oldest go.
func TestWaitingPacketsAreBounded(t *testing.T) {
	onBench(t, func(b *bench) {
		for i := range arpMaxWaiting + 10 {
			b.sendTo(peerIP, string(rune('A'+i)))
		}
		b.wantDropped(errARPWaiting, 10)
		b.Take()
		b.Send(reply(peerMAC, peerIP))
		sent := b.Take()
		if len(sent) != arpMaxWaiting {
			b.Fatalf("%d packets waited, want %d", len(sent), arpMaxWaiting)
		}
		if first := string(sent[0].Bytes[etherHeaderLen:]); first != string(rune('A'+10)) {
			b.Errorf("the oldest that is left is %q", first)
		}
		if last := string(sent[len(sent)-1].Bytes[etherHeaderLen:]); last != string(rune('A'+arpMaxWaiting+9)) {
			b.Errorf("the latest is %q", last)
		}
	})
}

func TestAllWaitingPacketsAreBounded(t *testing.T) {
	onBench(t, func(b *bench) {
		ip := netip.MustParseAddr("10.0.0.100")
		for range 10 * arpMaxWaiting {
			for next := range 8 {
				b.sendTo(nth(ip, next), "x")
			}
		}
		b.do(func() {
			total := 0
			for _, n := range b.s.arp.neighbours {
				total += len(n.waiting)
			}
			if total != arpMaxWaitingAll || b.s.arp.waiting != total {
				b.Errorf("%d packets wait, counted %d, want %d", total, b.s.arp.waiting, arpMaxWaitingAll)
			}
			if n := len(b.s.freePackets); n > maxFreePackets {
				b.Errorf("%d free buffers", n)
			}
		})
	})
}

// Anybody can make us ask for hosts that do not exist, by writing to us in their
// names. The table has room for so many of them; then there are no new questions.
// Those in the table stay: if one were forgotten, it could be asked again within
// the second (RFC 1122 2.3.2.1).
func TestQuestionsAreBounded(t *testing.T) {
	questions := 0
	onBench(t, func(b *bench) {
		b.s.ip = netip.MustParsePrefix("10.0.0.4/16")
		b.Send(request(peerMAC, peerIP, ourIP))
		b.sendTo(peerIP, "a neighbour that we use")
		b.Take()
		ip := netip.MustParseAddr("10.0.1.0")
		for range 3 {
			for i := range 1000 {
				b.sendTo(nth(ip, i), "x")
			}
		}
		b.do(func() {
			if b.s.arp.asking != arpMaxAsked || len(b.s.arp.neighbours) != arpMaxAsked+1 {
				b.Errorf("%d questions, %d rows; want %d and one more",
					b.s.arp.asking, len(b.s.arp.neighbours), arpMaxAsked)
			}
		})
		if questions = len(b.Take()); questions != arpMaxAsked {
			b.Errorf("%d questions went out, want %d", questions, arpMaxAsked)
		}
		b.wantDropped(errARPAsking, 3*(1000-arpMaxAsked))
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
		if _, err := b.s.Resolve(b.Context(), nth(ip, 999)); !errors.Is(err, errARPAsking) {
			b.Errorf("Resolve: %v, want %v", err, errARPAsking)
		}
		b.Advance(4 * time.Second)
		b.do(func() {
			if b.s.arp.asking != 0 || b.s.arp.waiting != 0 {
				b.Errorf("after the last has failed, %d ask and %d packets wait", b.s.arp.asking, b.s.arp.waiting)
			}
		})
		b.sendTo(nth(ip, 999), "now there is room")
		if _, state := b.known(nth(ip, 999)); state != neighbourIncomplete {
			b.Errorf("then the next one is %s", state)
		}
	})
	suite.Row{
		Area: "attack", What: "made to ask for hosts that do not exist", Source: "RFC 6583 (for IPv6)",
		Tried: "3000 packets for 1000 hosts of a link with 65,534",
		Outcome: fmt.Sprintf("%d questions at once at most, one a second for each host, and those we know stay; but while that lasts, "+
			"and three seconds longer, we can ask for nobody new. A link of 24 bits has no room for this", questions),
	}.Report(t)
}

// However many wait for hosts that never answer, the latest packet for one that
// does is saved (RFC 1122 2.3.2.2).
func TestLatestPacketIsSavedUnderLoad(t *testing.T) {
	onBench(t, func(b *bench) {
		for i := range arpMaxWaitingAll {
			b.sendTo(nth(otherIP, i%4), "in vain")
		}
		b.sendTo(peerIP, "wanted")
		b.wantDropped(errARPWaiting, 1)
		b.Take()
		b.Send(reply(peerMAC, peerIP))
		if _, payload, _ := parseEther(b.One()); string(payload) != "wanted" {
			b.Errorf("sent %q", payload)
		}
	})
}

// A neighbour that is being polled is as good as any.
func TestResolveWhilePolling(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.sendTo(peerIP, "used")
		b.Advance(arpTimeout)
		b.wantKnown(peerIP, peerMAC, neighbourProbe)
		if r := <-b.goResolve(b.Context(), peerIP); r.mac != peerMAC || r.err != nil || r.at != 0 {
			b.Errorf("Resolve = %v, %v after %v", r.mac, r.err, r.at)
		}
	})
}

func TestResolveAfterCancelAsksNothing(t *testing.T) {
	onBench(t, func(b *bench) {
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		if _, err := b.s.Resolve(ctx, peerIP); !errors.Is(err, context.Canceled) {
			b.Errorf("Resolve: %v", err)
		}
		b.Silence()
	})
}

// A packet that comes down when the stack is closed already leaves nothing behind.
func TestResolveAfterClose(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.Close()
		b.sendTo(peerIP, "too late")
		b.do(func() {
			if len(b.s.arp.neighbours) != 0 || b.s.arp.waiting != 0 {
				b.Error("it waits for an answer that nobody will hear")
			}
		})
		b.Silence()
	})
}

// While the link is down the questions are lost, and that is all.
func TestAskingWhileTheLinkIsDown(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Ours.SetLink(false)
		if r := <-b.goResolve(b.Context(), peerIP); !errors.Is(r.err, syscall.EHOSTUNREACH) || errors.Is(r.err, os.ErrClosed) {
			b.Errorf("Resolve = %v", r.err)
		}
		b.Ours.SetLink(true)
		c := b.goResolve(b.Context(), peerIP)
		b.Send(reply(peerMAC, peerIP))
		if r := <-c; r.err != nil {
			b.Errorf("after the link is back: %v", r.err)
		}
	})
}
