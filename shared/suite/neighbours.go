package suite

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"
)

// watch lets time pass and counts what the stack sends meanwhile: questions for the peer's MAC address, which have to go
// to the one that he had, and other frames.
func (b *Bench) watch(p *Player, d time.Duration) (questions, others int) {
	b.Helper()
	p.Sent(d)
	for _, f := range b.Take() {
		switch {
		case f.Bytes[12] != 8 || f.Bytes[13] != 6:
			others++
		case !bytes.Equal(f.Bytes[:6], PeerMAC[:]) || f.Bytes[21] != 1 || !bytes.Equal(f.Bytes[38:42], PeerIP.AsSlice()):
			b.Errorf("sent % x, want a question to the peer's card", f.Bytes)
		default:
			questions++
		}
	}
	return questions, others
}

// "When the number of transmissions of the same segment reaches or exceeds threshold R1, pass negative advice ... to the IP
// layer" (RFC 9293 3.8.3, MUST-20; SHLD-10: R1 "at least 3 retransmissions"): the neighbour is asked by ARP whether it is
// still there (RFC 1122 2.3.2.1 (3)), from then on with each one. "SYN retransmissions MUST be handled in the general way
// just described for data retransmissions" (MUST-22).
func testNegativeAdvice(t *testing.T, k *kind) {
	for what, c := range map[string]struct {
		open               string
		wait               time.Duration
		questions, segment int
		before             int // retransmissions before the first question
	}{
		"data":  {"@accepted\n+0 do write 10 = 10\n+0 > P. 1:11(10) ack 1", 4 * time.Second, 2, 4, 3},
		"a SYN": {"@dialled", 10 * time.Second, 1, 3, 2}, // the question comes right before the third one
	} {
		t.Run(what, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(c.open)
				defer p.Close()
				b.Take()
				questions, segments := 0, 0
				for end := p.Now() + c.wait; p.Now() < end; {
					q, s := b.watch(p, 10*time.Millisecond)
					if segments += s; q > 0 && questions == 0 && segments < c.before {
						t.Errorf("asked after %d retransmissions", segments)
					}
					questions += q
				}
				if questions != c.questions || segments != c.segment {
					t.Errorf("%d questions and %d retransmissions, want %d and %d", questions, segments, c.questions, c.segment)
				}
			})
		})
	}
}

// A peer whose window is closed and who answers each probe is there, however long the timer waits by now: nobody has to
// be asked. Nor is there a reason where another connection goes on: its data are acknowledged by way of the same
// neighbour.
func testNoNegativeAdvice(t *testing.T, k *kind) {
	t.Run("probes are answered", func(t *testing.T) {
		onBench(t, k, Ours(), func(b *Bench) {
			p := b.NewPeer("@accepted\n+0 < . 1:1(0) ack 1 win 0\n+0 do write 10 = 10")
			defer p.Close()
			b.Take()
			for range 8 {
				p.Play("+.1~+60 > . 1:2(1) ack 1\n+.01 < . 1:1(0) ack 1 win 0")
			}
			if questions, _ := b.watch(p, 0); questions > 0 {
				t.Errorf("asked %d times", questions)
			}
		})
	})
	t.Run("others go on", func(t *testing.T) {
		onBench(t, k, Ours(), func(b *Bench) {
			p := b.NewPeer(`@accepted
				+0 do write 10 = 10
				+0 > P. 1:11(10) ack 1
				+0 < 8001>80 S 0:0(0) win 60000
				+0 > 80>8001 S. 0:0(0) ack 1
				+0 < 8001>80 . 1:1(0) ack 1 win 60000
				+0 do accept`)
			defer p.Close()
			b.Take()
			for i := range 40 {
				b.stream(10)
				questions, _ := b.watch(p, 100*time.Millisecond)
				if questions > 0 {
					t.Errorf("asked %d times", questions)
				}
				p.Send(p.Parse(fmt.Sprintf("8001>80 . 1:1(0) ack %d win 60000", 11+10*i)))
			}
		})
	})
}

// ARP poisoning under a connection: one lie, and all that we send goes to the liar, who keeps it. "Negative advice" (RFC
// 1122 3.3.1.4) finds that out: when nothing is acknowledged, the neighbour is asked at the liar's card, and then
// everybody is.
func testPoisonedConnection(t *testing.T, k *kind) {
	var took, lost time.Duration
	stolen := 0
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		text := make([]byte, 64<<10)
		io.ReadFull(Stream(1), text)
		begun, last := time.Now(), time.Time{}
		p.Cable.Observe(func(at time.Time, from int, frame []byte) {
			if from == 0 && bytes.Equal(frame[:6], OtherMAC[:]) && frame[12] == 8 && frame[13] == 0 {
				stolen++
				last = at
			}
		})
		got := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(peer)
			got <- b
		}()
		k.meet(p.Ours, PeerIP, OtherMAC) // who has said so
		if _, err := ours.Write(text); err != nil {
			p.Error(err)
		}
		ours.Close()
		if b := <-got; !bytes.Equal(b, text) {
			p.Errorf("%d of %d bytes arrived", len(b), len(text))
		}
		took, lost = time.Since(begun), last.Sub(begun)
	})
	if stolen == 0 || took > 15*time.Second {
		t.Errorf("the liar got %d datagrams, for %v; the transfer took %v", stolen, lost, took)
	}
	Row{
		Area: "attack", What: "ARP poisoning under a connection", Source: "RFC 826; RFC 1122 3.3.1.4",
		Tried: "one lie about the peer's card, and 64 kB to send",
		Outcome: fmt.Sprintf("no connection lost; the liar got %d segments in %v, the transfer took %v",
			stolen, lost.Round(100*time.Millisecond), took.Round(100*time.Millisecond)),
	}.Report(t)
}

// "If a retransmitted packet is identical to the original packet ..., then the same IPv4 Identification field MAY be used"
// (RFC 9293 3.8.1, MAY-4). Ours is 0 each time: a datagram that must not be cut needs none (RFC 6864 4.1).
func testRetransmissionIsIdentical(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer("@accepted")
		defer p.Close()
		b.Take()
		b.stream(10)
		p.Sent(300 * time.Millisecond)
		frames := b.Take()
		if len(frames) < 2 {
			t.Fatalf("%d frames", len(frames))
		}
		first := frames[0].Bytes
		if id := first[14+4:][:2]; !bytes.Equal(id, []byte{0, 0}) {
			t.Errorf("the Identification is % x, want 0", id)
		}
		if !bytes.Equal(first, frames[1].Bytes) {
			t.Errorf("sent\n% x and then\n% x", first, frames[1].Bytes)
		}
	})
}
