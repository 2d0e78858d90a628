package suite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// opened, withRTT and burst are definitions of common.txt, for scripts that are put together in Go.
func opened(options string, wnd int) string { return fmt.Sprintf("\n@opened %s %d\n", options, wnd) }

func withRTT(options string, wnd int, rtt string) string {
	return fmt.Sprintf("\n@withRTT %s %d %s\n", options, wnd, rtt)
}

func burstOf(from, to int, push ...bool) string {
	if len(push) > 0 {
		return fmt.Sprintf("\n@burst %d %d push\n", from, to)
	}
	return fmt.Sprintf("\n@burst %d %d\n", from, to)
}

// dupACKs are n duplicate ACKs, a millisecond apart.
func dupACKs(n int, ack string) string {
	return strings.Repeat("+.001 < . 1:1(0) ack "+ack+" win 60000\n", n)
}

// A few hundred thousand bytes each way, over the wrap: nothing is lost or mixed, and a
// Write that waits for room goes on. The peer acknowledges what has come in 10 ms.
func testScriptTransfer(t *testing.T, k *kind) {
	const size = 300_000
	for _, iss := range []uint32{0x12345678, script.Wrap, 1<<32 - size/2, 1<<31 - size/2} {
		onBench(t, k, Ours(), func(b *Bench) {
			k.setISS(b.Host, netip.AddrPortFrom(PeerIP, 8000), 80, iss)
			b.Script.StackISS, b.Script.PeerISS = &iss, iss
			p := b.NewPeer(opened("<mss 1460>", 65535))
			defer p.Close()
			wrote, read := make(chan error, 1), make(chan error, 1)
			c := b.kept()
			go func() {
				n, err := c.writeNext(size)
				if err == nil && n != size {
					err = fmt.Errorf("wrote %d", n)
				}
				wrote <- err
			}()
			go func() {
				for n, at := 0, 0; at < size; at += n {
					var err error
					if n, err = c.readNext(10000); err != nil {
						read <- err
						return
					}
				}
				read <- nil
			}()
			b.transfer(p, size)
			for what, result := range map[string]chan error{"Write": wrote, "Read": read} {
				select {
				case err := <-result:
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				default:
					t.Errorf("%s has not come to its end", what)
				}
			}
		})
	}
}

// transfer sends size bytes, two segments at a time, and takes as many.
func (b *Bench) transfer(p *Player, size int) {
	sent, acked, got := 1, 1, 1 // numbers
	for round := 0; (acked <= size || got <= size) && round < 1000; round++ {
		for range 2 {
			if n := min(1400, size+1-sent); n > 0 {
				p.Send(p.Parse(fmt.Sprintf(". %d:%d(%d) ack %d win 65535", sent, sent+n, n, got)))
				sent += n
			}
		}
		for _, seg := range p.Sent(10 * time.Millisecond) {
			if int(seg.Seq) != got && seg.Len > 0 {
				b.Fatalf("%s comes, and the next is %d", seg, got)
			}
			got, acked = got+seg.Len, int(seg.Ack)
		}
		p.Send(p.Parse(fmt.Sprintf(". %d:%d(0) ack %d win 65535", sent, sent, got)))
	}
	b.Advance(time.Millisecond)
	if acked != size+1 || got != size+1 {
		b.Errorf("%d bytes have come and %d are acknowledged, of %d", got-1, acked-1, size)
	}
}

// A user who reads byte by byte does not make us send byte by byte, which is what
// MUST-39 is about (RFC 9293 3.8.6.2.2).
func testScriptReadByteByByte(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(opened("<mss 536>", 1000) + `
			+0 do rcvbuf 5000
			+0 < . 1:1461(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1461
			+0 < . 1461:2921(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2921
			+0 < . 2921:4381(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 4381
			+0 < P. 4381:5001(620) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 5001 win 0`)
		defer p.Close()
		edge := 0 // of the window
		for i := range 5000 {
			if n, err := b.kept().readNext(1); n != 1 || err != nil {
				t.Fatalf("byte %d: %d, %v", i, n, err)
			}
			for _, seg := range p.Sent(10 * time.Microsecond) {
				if wnd := int(seg.Win); wnd < edge+536 || wnd > i+1 || seg.Ack != 5001 {
					t.Errorf("after %d bytes: %s", i+1, seg)
				}
				edge = int(seg.Win)
			}
		}
		if edge == 0 {
			t.Error("the window has not opened")
		}
	})
}

// The old Conn can be used for as long as the user likes, and has nothing to do with the
// new one.
func testScriptTimeWaitOldConn(t *testing.T, k *kind) {
	for what, use := range map[string]func(TCP){
		"Close": func(c TCP) { c.Close() },
		"Read":  func(c TCP) { c.Read(make([]byte, 100)) },
		"Abort": func(c TCP) { c.Abort() }, // "TIME-WAIT: respond with ok" (3.10.5)
	} {
		t.Run(what, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer("@waiting")
				defer p.Close()
				old := b.kept()
				p.Play(`
					+0 forget
					+0 < S 13:13(0) win 1000 <mss 1460>
					+0 > S. 0:0(0) ack 14
					+0 < . 14:14(0) ack 1 win 1000
					+0 do accept`)
				use(old.Conn.(TCP))
				p.Play(`
					+0 state ESTABLISHED
					+0 do write 5 = 5
					+0 > P. 1:6(5) ack 14
					+0 < P. 14:24(10) ack 6 win 1000
					+0~+.2 > . 6:6(0) ack 24`)
			})
		})
	}
}

// When the time is over, the connection is reset.
func testScriptLingerTimeout(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(`@accepted
			+0 do linger 2
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1`)
		defer p.Close()
		closed := make(chan time.Duration)
		go func() {
			start := time.Now()
			b.kept().Conn.(TCP).Close()
			closed <- time.Since(start)
		}()
		if after := <-closed; after != 2*time.Second {
			t.Errorf("Close returned after %v", after)
		}
		sent := p.Sent(time.Second)
		if n := len(sent); n == 0 || p.Parse("R 7:7(0) <>").Match(sent[n-1], nil) != nil {
			t.Errorf("sent %v, want a RST at last", sent)
		}
		if state := p.State(); state != "LISTEN" {
			t.Errorf("it is in %s", state)
		}
	})
}

// "A TCP implementation MUST inform the application layer asynchronously whenever it receives an urgent pointer and there
// was previously no pending urgent data, or whenever the urgent pointer advances in the data stream" (RFC 9293 3.8.5,
// MUST-32).
func testUrgentNews(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer("@accepted")
		defer p.Close()
		news := make(chan struct{}, 1)
		if err := with(b.kept(), "NotifyUrgent", func(c interface{ NotifyUrgent(chan<- struct{}) error }) error { return c.NotifyUrgent(news) }); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			segment string
			told    int
		}{
			{". 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 0", 0}, // up to RCV.NXT, which is nothing
			{"U. 1:1(0) ack 1 win 1000 urg 5", 1},
			{"U. 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 4", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 6", 1},
			{"UF. 1:1(0) ack 1 win 1000 urg 7", 1},
			{"U. 2:2(0) ack 1 win 1000 urg 8", 0}, // behind the FIN
		} {
			p.Send(p.Parse(c.segment))
			p.Sent(time.Millisecond)
			if len(news) != c.told {
				t.Errorf("%s: told %d times, want %d", c.segment, len(news), c.told)
			}
			if len(news) > 0 {
				<-news
			}
		}
	})
}

// A Write that fails says how much it has taken, and that is what is sent.
func testWritePartly(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(opened("<mss 1460>", 0))
		defer p.Close()
		c := b.kept().Conn.(TCP)
		c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := b.kept().writeNext(16 << 20)
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 {
			t.Errorf("Write returned %d, %v", n, err)
		}
		next := 1
		for quiet := 0; quiet < 3; quiet++ {
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", next)))
			for _, seg := range p.Sent(100 * time.Millisecond) {
				next, quiet = max(next, int(seg.Seq)+seg.Len), 0
			}
		}
		if next-1 != n {
			t.Errorf("Write has taken %d bytes, and %d were sent", n, next-1)
		}
	})
}

// A Write waits while the buffer is full. One that comes second waits for the end of the first, even if there is room:
// their bytes do not mix.
func testWriteWaits(t *testing.T, k *kind) {
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(opened("<mss 1460>", 1460))
		defer p.Close()
		c := b.kept().Conn.(TCP)
		type result struct {
			n   int
			err error
		}
		first, second := make(chan result, 1), make(chan result, 1)
		go func() { n, err := c.Write(make([]byte, 16<<20)); first <- result{n, err} }()
		p.Play(`
			+0 > . 1:1461(1460) ack 1 data *
			+0 < . 1:1(0) ack 1461 win 0
			+.01 > nothing`)
		go func() { n, err := c.Write([]byte{1, 2, 3}); second <- result{n, err} }()
		b.Advance(time.Millisecond)
		if len(first)+len(second) > 0 {
			t.Fatal("Write has not waited")
		}
		p.Send(p.Parse("R 1:1(0)"))
		if r := <-first; !errors.Is(r.err, syscall.ECONNRESET) || r.n == 0 {
			t.Errorf("the first Write returned %v", r)
		}
		if r := <-second; !errors.Is(r.err, syscall.ECONNRESET) || r.n != 0 {
			t.Errorf("the second Write returned %v", r)
		}
	})
}

// A new connection's numbers are ahead of those of the old one that it follows in TIME-WAIT, also where they wrap, and
// whatever the clock says (RFC 9293 3.6.1, MAY-2).
func testTimeWaitISS(t *testing.T, k *kind) {
	for _, old := range []uint32{1000, 1<<31 - 1, 1 << 31, script.Wrap, 1<<32 - 1} {
		for _, clock := range []uint32{0, 1, 3, 1 << 20, 1<<32 - 1, 1<<32 - 1000} { // ahead of the old one's by this much
			onBench(t, k, Ours(), func(b *Bench) {
				to := netip.AddrPortFrom(PeerIP, 8000)
				b.Script.PeerISS = 1<<32 - 13 // the peer's wrap, too, between RCV.NXT and the SYN
				k.setISS(b.Host, to, 80, old)
				p := b.NewPeer("@waiting")
				defer p.Close()
				k.setISS(b.Host, to, 80, old+clock)
				b.Take()
				p.Play("+0 forget\n+0 < S 13:13(0) win 1000\n+0 > S. 0:0(0) ack 14")
				_, segment := tcpIn(b.One())
				if iss := binary.BigEndian.Uint32(segment[4:]); int32(iss-(old+1)) <= 0 {
					t.Errorf("the old connection's last number is %d, the new one's first %d", old+1, iss)
				}
			})
		}
	}
}
