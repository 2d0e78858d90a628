package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
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
func (b *tcpBench) batch(segments ...string) {
	b.Helper()
	d := &batchDevice{Device: b.ours}
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
	b.do(func() { b.s.dev = b.ours })
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
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened("<mss 1000,nop,wscale 7>", 1000))
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
			onTCPBench(t, func(b *tcpBench) {
				p := b.newPeer(opened(peer, 1000))
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
