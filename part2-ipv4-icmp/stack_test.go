package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/pcap"
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
				b.send(test.frame)
				b.silence()
				b.wantDropped(test.want, 1)
				b.do(func() {
					if len(b.s.dropped) != 1 || b.s.received != 1 || b.s.sent != 0 {
						b.Errorf("counted %d received, %d sent, dropped %v", b.s.received, b.s.sent, b.s.dropped)
					}
				})
				// It goes on as if nothing had been.
				b.send(request(peerMAC, peerIP, ourIP))
				b.wantARP(b.one(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
			})
		})
	}
}

func TestSummary(t *testing.T) {
	onBench(t, func(b *bench) {
		b.send(capturedRequest)
		b.send([]byte{1, 2, 3})
		b.send([]byte{1, 2, 3})
		want := "     3 frames received\n     1 frames sent\n     2 dropped: " + errRunt.Error() + "\n"
		if got := b.s.Summary(); got != want {
			b.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// With the link down for five seconds, Run waits, what we send is lost and
// reported once, and everything works again afterwards.
func TestLinkDownAndUp(t *testing.T) {
	onBench(t, func(b *bench) {
		b.send(request(peerMAC, peerIP, ourIP))
		b.take()
		b.ours.SetLink(false)
		for range 5 {
			b.sendTo(peerIP, "lost")
			b.advance(time.Second)
		}
		b.silence()
		b.wantLog("warning: device: input/output error: what we send is lost")
		if n := strings.Count(b.log.String(), "warning"); n != 1 {
			b.Errorf("%d warnings, want 1:\n%s", n, b.log)
		}
		b.do(func() {
			if n := b.s.dropped[errDeviceFailing]; n != 5 {
				b.Errorf("%d counted as lost, want 5", n)
			}
		})
		b.ours.SetLink(true)
		b.send(request(peerMAC, peerIP, ourIP))
		b.wantARP(b.one(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
		b.wantLog("warning: device: takes frames again, 5 were lost")
	})
}

// A device that is deleted ends Run with the device's error, and with it
// everything that waits.
func TestDeviceDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		s := NewStack(seg.End(0), testConfig(&logBuffer{}))
		ended, resolved := make(chan error, 1), make(chan error, 1)
		go func() { ended <- s.Run() }()
		go func() {
			_, err := s.Resolve(t.Context(), peerIP)
			resolved <- err
		}()
		synctest.Wait()
		seg.End(0).Remove()
		err := <-ended
		if err == nil || errors.Is(err, os.ErrClosed) || !strings.HasPrefix(err.Error(), "the device is lost: ") {
			t.Errorf("Run returned %v", err)
		}
		if err := <-resolved; err == nil {
			t.Error("Resolve did not notice")
		}
		s.Close()
	})
}

func TestCloseBeforeRunAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStack(wire.New(1).End(0), testConfig(&logBuffer{}))
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

// countingDevice tells how many frames were written while frames waited to be
// read: the stack sees them as a batch.
type countingDevice struct {
	Device
	batches []int // lengths of the batches that were read
	left    int
}

func (d *countingDevice) Read(b []byte) (int, error) {
	n, err := d.Device.Read(b)
	if err != nil {
		return n, err
	}
	if d.left == 0 {
		d.batches = append(d.batches, 0)
	}
	d.batches[len(d.batches)-1]++
	d.left = d.Device.Buffered()
	return n, err
}

// A burst is handled as batches of at most 64 frames, through all the wrappers
// that may lie between the stack and the cable.
func TestBatchesThroughAllWrappers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		impaired := wire.Impair(seg.End(0), wire.Faults{DropOut: func([]byte) bool { return false }})
		capture, err := pcap.NewWriter(&logBuffer{})
		if err != nil {
			t.Fatal(err)
		}
		dev := &countingDevice{Device: pcap.Tee(impaired, capture)}
		s := NewStack(dev, testConfig(&logBuffer{}))
		for range 200 {
			seg.End(1).Write(capturedRequest)
		}
		time.Sleep(time.Millisecond) // all of them have arrived
		go s.Run()
		time.Sleep(time.Millisecond)
		s.Close()
		synctest.Wait()
		if s.received != 200 || s.sent != 200 {
			t.Errorf("%d received, %d sent, want 200", s.received, s.sent)
		}
		if len(dev.batches) > 8 {
			t.Errorf("200 frames in %d batches: %v", len(dev.batches), dev.batches)
		}
	})
}

// In steady state an ARP exchange costs no allocation, and neither does a frame
// that is dropped, as long as nothing is traced.
func TestNoAllocations(t *testing.T) {
	s := NewStack(nullDevice{}, quietConfig())
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

// nullDevice takes every frame and has none.
type nullDevice struct{}

func (nullDevice) Read([]byte) (int, error)    { return 0, os.ErrClosed }
func (nullDevice) Write(b []byte) (int, error) { return len(b), nil }
func (nullDevice) Close() error                { return nil }
func (nullDevice) Buffered() int               { return 0 }

func BenchmarkARPExchange(b *testing.B) {
	s := NewStack(nullDevice{}, quietConfig())
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
		capturedRequest, capturedReply, capturedArping, capturedIPv4,
		request(otherMAC, ourIP, ourIP), request(otherMAC, noIP, ourIP), lengths(0, 255),
	} {
		f.Add(frame, frame[:len(frame)/2])
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := NewStack(nullDevice{}, testConfig(&logBuffer{}))
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
