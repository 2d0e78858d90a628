package stack

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/pcap"
	"framebyframe/shared/suite"
	"framebyframe/shared/wire"

	"github.com/google/gopacket/layers"
)

// Each frame that is none of our business is dropped, counted and traced with
// its reason, and gets no answer.
func TestFramesDropped(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"1 byte", []byte{1}, errRunt},
		{"13 bytes", capturedRequest[:13], errRunt},
		{"802.3, shorter than its length", snapRequest[:etherHeaderLen+35], errLengthCut},
		{"802.3 length frame", unhex("020000000004 02000a000001 0026 424203" + strings.Repeat("00", 35)), errLengthFrame},
		{"VLAN", unhex("ffffffffffff 02000a000001 8100 0001 0806" + strings.Repeat("00", 28)), errVLAN},
		{"longer than the MTU", append(unhex("020000000004 02000a000001 0806"), make([]byte, 1501)...), errGiant},
		{"far longer than the MTU", append(unhex("020000000004 02000a000001 0806"), make([]byte, 9000)...), errGiant},
		{"from a group", unhex("020000000004 03000a000001 0806" + strings.Repeat("00", 28)), errSourceMAC},
		{"from everybody", unhex("020000000004 ffffffffffff 0806" + strings.Repeat("00", 28)), errSourceMAC},
		{"from nobody", unhex("020000000004 000000000000 0806" + strings.Repeat("00", 28)), errSourceMAC},
		{"from ourselves", request(ourMAC, peerIP, ourIP), errOwnFrame},
		{"for another card", arpFrame(otherMAC, peerMAC, layers.ARPRequest, peerMAC, peerIP, MAC{}, ourIP), errOtherCard},
		{"for a group that we are not in", arpFrame(MAC{0x33, 0x33, 0, 0, 0, 1}, peerMAC, layers.ARPRequest, peerMAC, peerIP, MAC{}, ourIP), errOtherGroup},
		{"IPv6", unhex("020000000004 02000a000001 86dd" + strings.Repeat("00", 40)), errEtherType},
		{"experiment", unhex("020000000004 02000a000001 88b5 01"), errEtherType},
		{"no payload", unhex("020000000004 02000a000001 0806"), errARPShort},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Send(test.frame)
				b.Silence()
				b.wantDropped(test.want, 1)
				b.do(func() {
					if len(b.s.dropped) != 1 || b.s.received != 1 || b.s.sent != 0 {
						b.Errorf("counted %d received, %d sent, dropped %v", b.s.received, b.s.sent, b.s.dropped)
					}
				})
				// It goes on as if nothing had been.
				b.Send(request(peerMAC, peerIP, ourIP))
				b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
			})
		})
	}
}

// The longest frame that the MTU allows is taken; so is one that is not dropped
// for its length.
func TestLongestFrame(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(append(bytes.Clone(capturedRequest), make([]byte, 1514-len(capturedRequest))...))
		b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
	})
}

// A device that fails and works again all the time, as a socket whose reader is
// slow, makes few lines: two in ten seconds.
func TestFlappingDevice(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		for i := range 100 {
			b.Ours.SetLink(i%2 == 1)
			b.sendTo(peerIP, "x")
			b.Advance(10 * time.Millisecond)
		}
		if n := strings.Count(b.Log.String(), "warning"); n != 2 {
			b.Errorf("%d warnings in a second, want 2", n)
		}
		b.Advance(10 * time.Second)
		b.Ours.SetLink(false)
		b.sendTo(peerIP, "x")
		b.Ours.SetLink(true)
		b.sendTo(peerIP, "x")
		b.WantLog("warning: device: takes frames again, 50 were lost")
	})
}

func TestSummary(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(capturedRequest)
		b.Send([]byte{1, 2, 3})
		b.Send([]byte{1, 2, 3})
		b.do(func() { b.s.dropped = map[dropReason]uint64{errRunt: 2, errOtherCard: 1} })
		want := "     3 frames received\n     1 frames sent\n     1 dropped: " + errOtherCard.Error() +
			"\n     2 dropped: " + errRunt.Error() + "\n"
		if got := b.s.Summary(); got != want {
			b.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// With the link down for five seconds, Run waits, what we send is lost and
// reported once, and everything works again afterwards.
func TestLinkDownAndUp(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.Take()
		b.Ours.SetLink(false)
		for range 5 {
			b.sendTo(peerIP, "lost")
			b.Advance(time.Second)
		}
		b.Silence()
		b.WantLog("warning: device: input/output error: what we send is lost")
		if n := strings.Count(b.Log.String(), "warning"); n != 1 {
			b.Errorf("%d warnings, want 1:\n%s", n, b.Log)
		}
		b.do(func() {
			if n := b.s.dropped[errDeviceFailing]; n != 5 {
				b.Errorf("%d counted as lost, want 5", n)
			}
		})
		b.Ours.SetLink(true)
		b.Send(request(peerMAC, peerIP, ourIP))
		b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
		b.WantLog("warning: device: takes frames again, 5 were lost")
	})
}

// A device that is deleted ends Run with the device's error, and with it
// everything that waits.
func TestDeviceDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		s := New(seg.End(0), testConfig(&suite.Log{}))
		ended, resolved := make(chan error, 1), make(chan error, 1)
		go func() { ended <- s.Run() }()
		go func() {
			_, err := s.Resolve(t.Context(), peerIP)
			resolved <- err
		}()
		synctest.Wait()
		start := time.Now()
		seg.End(0).Remove()
		err := <-ended
		if err == nil || errors.Is(err, os.ErrClosed) || !strings.HasPrefix(err.Error(), "the device is lost: ") {
			t.Errorf("Run returned %v", err)
		}
		if err := <-resolved; !errors.Is(err, net.ErrClosed) || time.Since(start) != 0 {
			t.Errorf("Resolve: %v after %v, want net.ErrClosed at once", err, time.Since(start))
		}
		s.Close()
	})
}

func TestCloseBeforeRunAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(wire.New(1).End(0), testConfig(&suite.Log{}))
		for range 2 {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		s.Announce() // too late: says nothing
		if err := s.Run(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if s.sent != 0 {
			t.Errorf("%d frames sent after Close", s.sent)
		}
	})
}

// burstDevice has a burst of frames ready. It notes which of them were read with
// the stack's lock free: those begin a batch.
type burstDevice struct {
	nullDevice
	mu      *sync.Mutex
	frame   []byte
	left    int
	batches int
}

func (d *burstDevice) Read(b []byte) (int, error) {
	if d.left == 0 {
		return 0, os.ErrClosed
	}
	d.left--
	if d.mu.TryLock() {
		d.mu.Unlock()
		d.batches++
	}
	return copy(b, d.frame), nil
}

func (d *burstDevice) Buffered() int { return d.left }

// The lock is taken once for up to 64 frames, and no longer than that.
func TestBatches(t *testing.T) {
	dev := &burstDevice{frame: capturedRequest, left: 200}
	s := New(dev, quietConfig())
	dev.mu = &s.mu
	if err := s.Run(); err == nil || s.closed == false {
		t.Errorf("Run returned %v although the device was closed by somebody else", err)
	}
	if s.received != 200 || s.sent != 200 || dev.batches != 4 {
		t.Errorf("%d received, %d sent, in %d batches; want 200 in 4 (64, 64, 64, 8)", s.received, s.sent, dev.batches)
	}
}

// All wrappers between the stack and the cable tell what is buffered.
func TestBatchesThroughAllWrappers(t *testing.T) {
	inner := &burstDevice{frame: capturedRequest, left: 200}
	impaired := wire.Impair(inner, wire.Faults{DropOut: func([]byte) bool { return false }})
	capture, err := pcap.NewWriter(&suite.Log{})
	if err != nil {
		t.Fatal(err)
	}
	outer := pcap.Tee(impaired, capture)
	s := New(outer, quietConfig())
	inner.mu = &s.mu
	s.Run()
	if s.received != 200 || inner.batches != 4 {
		t.Errorf("%d received in %d batches, want 200 in 4", s.received, inner.batches)
	}
}

// In steady state an ARP exchange costs no allocation, and neither does a frame
// that is dropped, as long as nothing is traced.
func TestNoAllocations(t *testing.T) {
	s := New(nullDevice{}, quietConfig())
	forOther := request(peerMAC, peerIP, otherIP)
	for _, path := range []struct {
		name string
		f    func()
	}{
		{"request and reply", func() { s.receiveFrame(capturedRequest) }},
		{"dropped", func() { s.receiveFrame(forOther) }},
		{"sent to a known neighbour", func() { s.resolve(peerIP, etherTypeTest, s.newPacket(1000)) }},
	} {
		path.f() // makes the neighbour, the timer and the buffer
		if n := testing.AllocsPerRun(100, path.f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", path.name, n)
		}
	}
	s.Close()
}

func BenchmarkARPExchange(b *testing.B) {
	s := New(nullDevice{}, quietConfig())
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		s.receiveFrame(capturedRequest)
	}
}

// The whole way up, with whatever bytes come: no panic, nothing grows without
// bound, and every frame is either answered, noted or dropped for a reason.
func FuzzReceiveFrame(f *testing.F) {
	for _, frame := range [][]byte{
		capturedRequest, capturedReply, capturedArping, suite.CapturedIPv4,
		arpFrame(ourMAC, otherMAC, 2, ourMAC, peerIP, ourMAC, ourIP),
		request(otherMAC, ourIP, ourIP), request(otherMAC, noIP, ourIP), lengths(0, 255),
	} {
		f.Add(frame, frame[:len(frame)/2])
	}
	last := capturedRequest
	for _, frame := range suite.CapturedFrames(f) {
		f.Add(last, frame)
		last = frame
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := New(nullDevice{}, testConfig(&suite.Log{}))
		defer s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.resolve(peerIP, etherTypeTest, s.newPacket(10))
		for _, frame := range [][]byte{first, second, first} {
			s.receiveFrame(frame)
			s.checkInvariants(t)
		}
	})
}

// What the captures are good for: they have real requests and replies in them.
func TestCaptures(t *testing.T) {
	frames := suite.CapturedFrames(t)
	arp := suite.CapturedPayloads(t, etherHeaderLen, suite.IsARP)
	if len(frames) < 6 || len(arp) < 6 {
		t.Errorf("%d frames, %d of them ARP, and arping alone made 6", len(frames), len(arp))
	}
}
