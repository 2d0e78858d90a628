package suite

import (
	"fmt"
	"net/netip"
	"strings"
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
