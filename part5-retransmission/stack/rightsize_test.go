package stack

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/wire"
)

// Behind a gap data wait that the user cannot take. When they fill most of the window, it
// is the window that stops the peer: it has to grow with them, up to a bound, and with the
// data that are really there (RFC 9293 3.8.6: how large it is, is the receiver's to say).
func TestWindowGrowsBehindGap(t *testing.T) {
	const full, first = 1000, 1001 // the first segment is missing
	for peer, grows := range map[string]bool{
		"<mss 1000,nop,wscale 7,sackOK>": true,
		"<mss 1000,nop,wscale 7>":        false, // it counts duplicates
		"<mss 1000,sackOK>":              false, // 64 KB are all that can be said
	} {
		t.Run(peer, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newPeer(opened(peer, 1000))
				defer p.Close()
				buffer := func() (buff, edge int) {
					b.do(func() {
						c := b.conn(8000)
						buff, edge = c.rcv.buff, int(c.rcv.nxt-c.rcv.irs)+c.rcv.wnd
					})
					return buff, edge
				}
				b.batch(fullSegments(first+full*40, 1)...) // far behind, but alone
				if buff, _ := buffer(); buff != minBuffer {
					t.Errorf("one segment at the window's end made the buffer %d bytes", buff)
				}
				b.batch(fullSegments(first, 40)...)
				p.Sent(time.Millisecond)
				buff, edge := buffer()
				if want := 4 * 41 * full; grows && (buff != want || edge < want) {
					t.Errorf("41 segments wait: the buffer has %d bytes and the window ends at %d, want %d", buff, edge, want)
				}
				if !grows && buff != minBuffer {
					t.Errorf("the buffer grew to %d bytes", buff)
				}
			})
		})
	}
}

// A user who does not take what he can gets no more: then it is he who keeps the peer waiting.
func TestWindowBehindGapWaitsForUser(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
		defer p.Close()
		b.batch(fullSegments(1, 1)...) // nobody reads it
		b.batch(fullSegments(2001, 40)...)
		p.Sent(time.Millisecond)
		b.do(func() {
			if c := b.conn(8000); c.rcv.buff != minBuffer {
				t.Errorf("the buffer grew to %d bytes", c.rcv.buff)
			}
		})
	})
}

// However much waits, the buffer stays within its bound.
func TestWindowBehindGapIsBounded(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
		defer p.Close()
		for at := 1001; at < 3*nearBuffer; at += 32_000 {
			b.batch(fullSegments(at, 32)...)
		}
		p.Sent(time.Millisecond)
		b.do(func() {
			c := b.conn(8000)
			if want := c.maxBuffer(c.receiverRTT()); c.rcv.buff != want || c.rcv.text.size > want {
				t.Errorf("the buffer may have %d bytes and has %d, want %d", c.rcv.buff, c.rcv.text.size, want)
			}
		})
	})
}

// The shortest round trip is that of the last ten to twenty seconds, and none from before a
// pause: "a windowed min-filtered estimate of recent RTT measurements that can adapt when
// migrating to significantly longer paths" (RFC 8985 6.2 step 1).
func TestMinRTTAges(t *testing.T) {
	const ms, pause = time.Millisecond, 200 * time.Millisecond
	var m minRTT
	now := time.Hour
	feed := func(rtt, d time.Duration) {
		for end := now + d; now < end; now += 10 * ms {
			m.add(rtt, now, pause)
		}
	}
	if m.near() {
		t.Error("a path of which nothing is known is near")
	}
	feed(ms, time.Second)
	feed(100*ms, minRTTLife/2) // a queue
	if m.rtt != ms || !m.near() {
		t.Errorf("five seconds later it is %v", m.rtt)
	}
	feed(100*ms, 2*minRTTLife)
	if m.rtt != 100*ms || m.near() {
		t.Errorf("on a path of 100 ms it is %v for ever", m.rtt)
	}
	feed(50*ms, 20*ms)
	if m.rtt != 50*ms {
		t.Errorf("one of 50 ms leaves it at %v", m.rtt)
	}
	now += time.Hour
	if feed(100*ms, 20*ms); m.rtt != 100*ms {
		t.Errorf("an hour later it is still %v", m.rtt)
	}
}

// lagging is an end of a cable whose delay, in the direction out, can change.
type lagging struct {
	*wire.End
	mu    sync.Mutex
	delay time.Duration
	lose  func(frame []byte) bool
	last  time.Time // when the last frame of the queue goes
	queue [][]byte
}

func (l *lagging) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lose != nil && l.lose(b) {
		return len(b), nil
	}
	at := time.Now().Add(l.delay)
	if at.Before(l.last) {
		at = l.last // none overtakes another
	}
	l.last, l.queue = at, append(l.queue, append([]byte(nil), b...))
	time.AfterFunc(time.Until(at), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		first := l.queue[0]
		l.queue = l.queue[1:]
		l.End.Write(first)
	})
	return len(b), nil
}

// Buffers follow the path that there is now, whoever sends, and whatever the handshake has
// seen: the path may be another one by now, or a SYN,ACK may have been lost, so that no
// round trip was measured at all.
func TestBuffersFollowPath(t *testing.T) {
	const ms, d = time.Millisecond, 3 * time.Second
	const want = 30e6 // bytes; a window of 64 KB would be 2 million
	for name, c := range map[string]struct {
		first   time.Duration // one way, in the handshake
		loseSYN bool          // the first SYN,ACK is lost
		upload  bool          // to ours, else from it
		plain   bool          // no timestamps
	}{
		"received, as the handshake":        {first: 50 * ms, upload: true},
		"received, SYN,ACK lost":            {first: 50 * ms, upload: true, loseSYN: true},
		"received, 1 ms in the handshake":   {first: ms / 2, upload: true},
		"received, 20 ms in the handshake":  {first: 10 * ms, upload: true},
		"received, 1 ms, no timestamps":     {first: ms / 2, upload: true, plain: true},
		"received, 20 ms, no timestamps":    {first: 10 * ms, upload: true, plain: true},
		"received, SYN,ACK lost, no stamps": {first: 50 * ms, upload: true, plain: true, loseSYN: true},
		"sent, 1 ms in the handshake":       {first: ms / 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seg := wire.New(2)
				ends := [2]*lagging{{End: seg.End(0), delay: c.first}, {End: seg.End(1), delay: c.first}}
				ends[0].lose = func(f []byte) bool {
					lost := c.loseSYN && len(f) > 47 && f[23] == protocolTCP && f[47]&flagSYN != 0
					c.loseSYN = c.loseSYN && !lost
					return lost
				}
				p := &pair{t, seg, New(ends[0], quietConfig()), New(ends[1], honestConfig())}
				for _, s := range []*Stack{p.ours, p.peer} {
					s.tcp.noSACK = c.plain
					go s.Run()
				}
				defer p.close()
				ours, peer := p.connect(80)
				time.Sleep(time.Second)
				for _, end := range ends {
					end.mu.Lock()
					end.delay = 50 * ms
					end.mu.Unlock()
				}
				from, to := ours, peer
				if c.upload {
					from, to = peer, ours
				}
				go apps.Discard(to)
				go func() {
					for data := make([]byte, 100_000); ; {
						if _, err := from.Write(data); err != nil {
							return
						}
					}
				}()
				time.Sleep(d)
				to.s.mu.Lock()
				defer to.s.mu.Unlock()
				if n := to.rcv.nxt - to.rcv.irs; n < want {
					t.Errorf("in %v %d bytes have arrived, want %.0f; the buffer has %d", d, n, want, to.rcv.buff)
				}
			})
		})
	}
}
