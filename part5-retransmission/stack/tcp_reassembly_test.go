package stack

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/script"
	"framebyframe/shared/wire"
)

// batchDevice is a device on which frames wait.
type batchDevice struct {
	Device
	frames [][]byte
}

func (d *batchDevice) Buffered() int { return len(d.frames) }

func (d *batchDevice) Read(b []byte) (int, error) {
	n := copy(b, d.frames[0])
	d.frames = d.frames[1:]
	return n, nil
}

// batch has the stack handle segments as one batch, as if it had found them all on its
// device.
func (b *bench) batch(segments ...string) {
	b.Helper()
	d := &batchDevice{Device: b.Ours}
	b.do(func() {
		f := script.Flow{
			SrcMAC: peerMAC, DstMAC: ourMAC, SrcIP: peerIP, DstIP: ourIP, SrcPort: 8000, DstPort: 80,
			SrcISS: 0x10000000, DstISS: uint32(b.conn(8000).snd.iss),
		}
		for _, text := range segments {
			seg, err := script.ParseSegment(text)
			if err != nil {
				b.Fatal(err)
			}
			frame, err := seg.Frame(f)
			if err != nil {
				b.Fatal(err)
			}
			d.frames = append(d.frames, frame)
		}
		b.s.dev = d
	})
	frame := make([]byte, 2000)
	n, _ := d.Read(frame)
	if err := b.s.receiveBatch(frame, n); err != nil {
		b.Error(err)
	}
	b.do(func() { b.s.dev = b.Ours })
}

// fullSegments are n segments of 1000 bytes from a place of the stream on.
func fullSegments(from, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(". %d:%d(1000) ack 1 win 1000", from+1000*i, from+1000*(i+1)))
	}
	return all
}

// "If the TCP endpoint is processing a series of queued segments, it MUST process them all
// before sending any ACK segments" (RFC 9293 3.10.7.4, MUST-59), but for three cases: while
// a connection is young the peer counts ACKs; it must not have to stop; and after a loss one
// ACK may be lost, too.
func TestACKsOfABatch(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(opened("<mss 1000,nop,wscale 7>", 1000))
		defer p.Close()
		b.do(func() {
			c := b.conn(8000)
			c.rcv.buff, c.rcv.wnd, c.rcv.adv = 1<<20, 1<<20, c.rcv.nxt.add(1<<20)
		})
		check := func(what string, want []int, segments ...string) {
			t.Helper()
			b.batch(segments...)
			var acks []int
			for _, seg := range p.Sent(time.Millisecond) {
				acks = append(acks, int(int32(seg.Ack)))
			}
			if fmt.Sprint(acks) != fmt.Sprint(want) {
				t.Errorf("%s: ACKs of %v, want %v", what, acks, want)
			}
		}
		check("young", []int{2001, 4001, 6001, 8001, 10001}, fullSegments(1, 10)...)
		check("young, one alone", nil, fullSegments(10001, 1)...)
		check("and the second", []int{12001}, fullSegments(11001, 1)...)
		check("up to 64 KB", []int{14001, 16001, 18001, 20001, 22001, 24001, 26001, 28001, 30001, 32001}, fullSegments(12001, 20)...)
		b.batch(fullSegments(32001, 34)...)
		p.Sent(100 * time.Millisecond)
		check("old: two", []int{68001}, fullSegments(66001, 2)...)
		check("old: ten", []int{78001}, fullSegments(68001, 10)...)
		check("old: every 32", []int{110001, 128001}, fullSegments(78001, 50)...)
		check("old: all of the batch", []int{160001, 172001}, fullSegments(128001, 44)...)
		b.batch(". 171001:172001(1000) ack 1 win 1000") // once more: has our ACK been lost?
		p.Sent(time.Millisecond)
		check("after a loss", []int{177001, 178001}, fullSegments(172001, 6)...)
		check("after a loss, one alone", []int{179001}, fullSegments(178001, 1)...)
		check("after a loss, two", []int{181001}, fullSegments(179001, 2)...)
		for from := 181001; from < 181001+1000*quickACKs; from += 40000 {
			b.batch(fullSegments(from, 40)...)
		}
		p.Sent(100 * time.Millisecond)
		check("long after it", []int{391001}, fullSegments(381001, 10)...)
		b.do(func() { b.conn(8000).rcv.buff = 40000 })
		check("a quarter of the buffer", []int{401001, 411001, 413001}, fullSegments(391001, 22)...)
		b.do(func() { b.conn(8000).rcv.buff = 1 << 20 }) // or it would have offered more than it has
	})
}

// Without SACK each duplicate ACK counts (RFC 5681 3.2). With SACK the first three segments
// behind a gap are told at once, then every eighth, and what is left at the batch's end.
func TestACKsOfABatchWithGap(t *testing.T) {
	var counted, told []string
	for range 12 {
		counted = append(counted, ". 1:1(0) ack 1 <>")
	}
	for _, up := range []int{2001, 3001, 4001, 9001, 13001} {
		told = append(told, fmt.Sprintf(". 1:1(0) ack 1 <nop,nop,sack 1001:%d>", up))
	}
	for peer, want := range map[string][]string{plainPeer: counted, sackPeer: told} {
		t.Run(peer, func(t *testing.T) {
			onBench(t, func(b *bench) {
				p := b.NewPeer(opened(peer, 1000))
				defer p.Close()
				b.batch(fullSegments(1001, 12)...)
				sent := p.Sent(time.Millisecond)
				if len(sent) != len(want) {
					t.Fatalf("%d ACKs: %v", len(sent), sent)
				}
				for i, seg := range sent {
					if err := p.Parse(want[i]).Match(seg, nil); err != nil {
						t.Error(err)
					}
				}
				// What fills the gap, and more behind it: one ACK at once.
				b.batch(fullSegments(1, 1)...)
				if sent := p.Sent(time.Millisecond); len(sent) != 1 || sent[0].Ack != 13001 {
					t.Errorf("after the gap: %v", sent)
				}
				// After it no ACK waits for a second segment.
				b.batch(fullSegments(13001, 1)...)
				if sent := p.Sent(time.Millisecond); len(sent) != 1 || sent[0].Ack != 14001 {
					t.Errorf("one segment after the gap: %v", sent)
				}
			})
		})
	}
}

// A peer that sends every second byte only gets a bounded number of pieces kept, and can
// send the rest again.
func TestReassemblyBound(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(accepted)
		defer p.Close()
		const pieces = maxOutOfOrder + 44
		for i := range pieces {
			p.Send(p.Parse(fmt.Sprintf(". %d:%d(1) ack 1 win 1000", 2+2*i, 3+2*i)))
			if n := len(p.Sent(time.Millisecond)); n != 1 {
				t.Fatalf("piece %d: %d ACKs", i, n)
			}
		}
		b.do(func() {
			if n := len(b.conn(8000).rcv.outOfOrder); n != maxOutOfOrder {
				t.Errorf("%d pieces are kept, want %d", n, maxOutOfOrder)
			}
		})
		p.Play(fmt.Sprintf(`
			+0 < . 1:%[1]d(%[2]d) ack 1 win 1000
			+0 > . 1:1(0) ack %[3]d
			+0 < . 1:%[4]d(%[5]d) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack %[4]d
			+0 do read 10000 = %[5]d`,
			2*maxOutOfOrder, 2*maxOutOfOrder-1, 2*maxOutOfOrder+1, 2*pieces+1, 2*pieces))
	})
}

// secret has a connection carry text, so that it is in memory that is used again, and
// ends it. The next one is from another port.
func (r *connDirect) secret(text []byte) {
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
	onConnDirect(t, func(r *connDirect) {
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
		d.receive(forge(peerIP, segment{
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
	d.receive(forge(peerIP, segment{
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
			onBench(t, func(b *bench) {
				p := b.NewPeer(opened(peer, 1000))
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
	onBench(t, func(b *bench) {
		p := b.NewPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
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
	onBench(t, func(b *bench) {
		p := b.NewPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
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
				us, them := New(ends[0], quietConfig()), New(ends[1], peerConfig())
				us.tcp.noSACK, them.tcp.noSACK = c.plain, c.plain
				p := newPair(t, seg, us, them)
				defer p.Close()
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

// The peers of the scripts about losses: all take 1000 bytes in a segment, and more of
// them than a congestion window of this length.
const (
	plainPeer = "<mss 1000>"
	sackPeer  = "<mss 1000,nop,nop,sackOK>"
)
