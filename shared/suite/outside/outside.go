// Package outside has what can be seen of a stack from outside, below TCP: how it answers ARP, what it makes of IPv4
// datagrams and of ICMP. Frames go in and frames come out; nothing else is asked of the stack, and all frames are built
// and taken apart with gopacket. shared/suite runs these checks against the parts, in virtual time; shared/grade against any
// program, in real time.
package outside

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// T is what a check needs to fail: *testing.T has it, and so has shared/grade. Fatalf does not return.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A Host is somebody on the cable.
type Host struct {
	MAC [6]byte
	IP  netip.Addr
}

func (h Host) mac() net.HardwareAddr { return h.MAC[:] }
func (h Host) ip() net.IP            { return h.IP.AsSlice() }

// A Device carries frames to the stack and from it.
type Device interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
	Close() error
}

// A Check is one thing that a stack has to do.
type Check struct {
	Name string
	RFC  string // "1122 3.2.1.7"
	From int    // the chapter from which on a stack can do it
	Says string // the RFC's own sentence
	Run  func(b *Bench)
	// Alone says that the check counts on a limit that all peers of the stack share.
	Alone bool
	file  string
	// Long is how long it takes, if that is more than a few seconds.
	Long time.Duration
}

// A Setup is where a check is run.
type Setup struct {
	Device Device        // Close closes it
	Us     Host          // played by the check; the stack need not know it
	Stack  Host          // who is checked
	Late   time.Duration // how long an answer may take
	Quiet  time.Duration // for how long there has to be no answer, where there must be none
}

// A Bench is a stack that is checked, and all that it sends to the check's host and to everybody.
type Bench struct {
	T
	Setup
	frames chan []byte
	ended  chan struct{}
	log    []string
	start  time.Time
	last   []byte // the frame that was looked at last
	id     uint16 // of our datagrams
}

// Play runs the check.
func (c Check) Play(t T, s Setup) {
	b := &Bench{T: t, Setup: s, frames: make(chan []byte, 4096), ended: make(chan struct{}), start: time.Now()}
	go b.read()
	defer func() {
		s.Device.Close()
		<-b.ended
	}()
	c.Run(b)
}

func (b *Bench) read() {
	defer close(b.ended)
	buf := make([]byte, 1<<17)
	for {
		n, err := b.Device.Read(buf)
		if err != nil {
			return
		}
		select {
		case b.frames <- bytes.Clone(buf[:n]):
		default: // a flood, of which shared/grade has its own opinion
		}
	}
}

// Fatalf fails the check, and shows what has passed.
func (b *Bench) Fatalf(format string, args ...any) {
	b.Helper()
	b.T.Fatalf("%s\n%s", fmt.Sprintf(format, args...), b.history())
}

// Errorf does the same and goes on.
func (b *Bench) Errorf(format string, args ...any) {
	b.Helper()
	b.T.Errorf("%s\n%s", fmt.Sprintf(format, args...), b.history())
}

const lastFrames = 12

func (b *Bench) history() string {
	out := "the exchange:\n"
	if len(b.log) > lastFrames {
		out = fmt.Sprintf("the exchange (its last %d of %d frames):\n", lastFrames, len(b.log))
	}
	out += strings.Join(b.log[max(0, len(b.log)-lastFrames):], "\n")
	if b.last != nil {
		out += "\nthe stack's last frame:\n" + hex.Dump(b.last)
	}
	return out
}

func (b *Bench) note(arrow string, frame []byte) {
	b.log = append(b.log, fmt.Sprintf("%12.6fs %s %s", time.Since(b.start).Seconds(), arrow, Describe(frame)))
}

// Describe says what a frame is, in few words.
func Describe(frame []byte) string {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		words := "who has %v? tell %v (%v)"
		if arp.Operation == layers.ARPReply {
			return fmt.Sprintf("ARP: %v is at %v", net.IP(arp.SourceProtAddress), net.HardwareAddr(arp.SourceHwAddress))
		}
		return fmt.Sprintf("ARP: "+words, net.IP(arp.DstProtAddress), net.IP(arp.SourceProtAddress), net.HardwareAddr(arp.SourceHwAddress))
	}
	ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	if !ok {
		return fmt.Sprintf("a frame of %d bytes that is neither ARP nor IPv4", len(frame))
	}
	what := fmt.Sprintf("protocol %d", ip.Protocol)
	if icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		what = fmt.Sprintf("ICMP %v id %d seq %d, %d bytes", icmp.TypeCode, icmp.Id, icmp.Seq, len(icmp.Payload))
	} else if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok {
		what = fmt.Sprintf("UDP %d > %d, %d bytes", udp.SrcPort, udp.DstPort, len(udp.Payload))
	}
	if ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0 {
		what = fmt.Sprintf("fragment of %d at %d, %d bytes, flags %v", ip.Id, int(ip.FragOffset)*8, len(ip.Payload), ip.Flags)
	}
	return fmt.Sprintf("IPv4 %v > %v: %s", ip.SrcIP, ip.DstIP, what)
}

// Send puts a frame on the cable.
func (b *Bench) Send(frame []byte) {
	b.note("<", frame)
	if _, err := b.Device.Write(frame); err != nil {
		b.Fatalf("the stack takes no frame: %v", err)
	}
}

// next is the next frame from the stack for which want is true, if one comes in time. Questions for our address are
// answered meanwhile, and all other frames are only noted.
func (b *Bench) next(wait time.Duration, want func(p gopacket.Packet) bool) gopacket.Packet {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		select {
		case frame := <-b.frames:
			b.note(">", frame)
			p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
			if want(p) {
				b.last = frame
				return p
			}
			if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
				b.answer(arp)
			}
		case <-timeout.C:
			return nil
		case <-b.ended:
			b.Fatalf("the cable is gone")
		}
	}
}

// answer answers a question for our address.
func (b *Bench) answer(arp *layers.ARP) {
	if arp.Operation == layers.ARPRequest && bytes.Equal(arp.DstProtAddress, b.Us.ip()) {
		b.Send(b.arp(arp.SourceHwAddress, b.Us.mac(), layers.ARPReply, b.Us, Host{[6]byte(arp.SourceHwAddress), b.Stack.IP}))
	}
}

// silence checks that nothing comes for which bad is true.
func (b *Bench) silence(why string, bad func(p gopacket.Packet) bool) {
	b.Helper()
	if p := b.next(b.Quiet, bad); p != nil {
		b.Fatalf("%s: %s", why, Describe(p.Data()))
	}
}

// alive checks that the stack still answers.
func (b *Bench) alive() {
	b.Helper()
	b.Send(b.request(b.Us, b.Stack.IP))
	if b.next(b.Late, b.isReply) == nil {
		b.Fatalf("after that it does not answer ARP any more")
	}
}

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// frame puts layers together, and gopacket pads them to 60 bytes.
func (b *Bench) frame(fix bool, all ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: fix, ComputeChecksums: fix}, all...); err != nil {
		b.Fatalf("gopacket: %v", err)
	}
	return buf.Bytes()
}

// File is what a check belongs to, as a script belongs to its file.
func (c Check) File() string { return c.file }
