//go:build exercise && linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"framebyframe/part1-ethernet-arp/stack"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The exercises of docs/1-ethernet-arp.md that give the program a flag; the others are the stack's. Each of these tests
// fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part1-ethernet-arp/...

// Who is who on the cable.
var (
	ourMAC   = stack.MAC{0x02, 0, 0, 0, 0, 0x04}
	ourIP    = netip.MustParseAddr("10.0.0.4")
	peerMAC  = stack.MAC{0x02, 0, 0x0a, 0, 0, 0x01}
	peerIP   = netip.MustParseAddr("10.0.0.1")
	otherMAC = stack.MAC{0x02, 0, 0, 0, 0, 0x99}
	everyone = stack.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	nobody   = stack.MAC{}
	noIP     = netip.IPv4Unspecified()
)

// arp builds an ARP packet in a frame.
func arp(dst stack.MAC, op uint16, sha stack.MAC, spa netip.Addr, tha stack.MAC, tpa netip.Addr) []byte {
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{},
		&layers.Ethernet{DstMAC: dst[:], SrcMAC: sha[:], EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: op, SourceHwAddress: sha[:], SourceProtAddress: spa.AsSlice(), DstHwAddress: tha[:], DstProtAddress: tpa.AsSlice(),
		})
	if err != nil {
		panic(err)
	}
	return b.Bytes()[:42] // without gopacket's padding
}

// question is a host's question who has an address.
func question(sha stack.MAC, spa, tpa netip.Addr) []byte {
	return arp(everyone, layers.ARPRequest, sha, spa, nobody, tpa)
}

// patience is how long an exercise waits for a frame that should come, or should not.
const patience = 300 * time.Millisecond

// cable is a cable with the whole program at one end and the test at the other.
type cable struct {
	*testing.T
	end    *os.File
	stdout bytes.Buffer
	ended  chan struct{} // closed when the program has ended,
	status int           // with this status
}

// start runs the program, with flags, until the test ends. feature says what the flags are to bring.
func start(t *testing.T, feature string, flags ...string) *cable {
	t.Helper()
	var wrong bytes.Buffer
	if program().Run(append(flags, "-h"), io.Discard, &wrong) != 0 {
		t.Fatalf("the program does not know the flag yet: %s\n%s", feature, &wrong)
	}
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.SetNonblock(fds[0], true) // so that reading has a deadline
	c := &cable{T: t, end: os.NewFile(uintptr(fds[0]), "cable"), ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		c.status = program().Run(append([]string{"-q", "-tap", fmt.Sprintf("fd:%d", fds[1])}, flags...), &c.stdout, io.Discard)
	}()
	t.Cleanup(func() {
		c.end.Close() // the cable is pulled out, which ends the program
		<-c.ended
	})
	return c
}

// next returns the next frame that the program sends, or nil if it is silent for so long.
func (c *cable) next(patience time.Duration) []byte {
	c.Helper()
	c.end.SetReadDeadline(time.Now().Add(patience))
	frame := make([]byte, 2000)
	n, err := c.end.Read(frame)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case err != nil:
		c.Fatalf("the program sends nothing and ends: %v", err)
	}
	return frame[:n]
}

// send sends the program a frame.
func (c *cable) send(frame []byte) {
	c.Helper()
	if _, err := c.end.Write(frame); err != nil {
		c.Fatal(err)
	}
}

// ask sends a frame and returns what comes back.
func (c *cable) ask(frame []byte) []byte {
	c.Helper()
	c.send(frame)
	return c.next(patience)
}

// silent fails the test if frame is not nil.
func (c *cable) silent(after string, frame []byte) {
	c.Helper()
	if frame != nil {
		c.Errorf("%s: want silence, got %s", after, stack.Describe(frame))
	}
}

// Exercise 1: a host that has an address and does not say so, but goes on asking for others'.
func TestExercise1NoARP(t *testing.T) {
	const feature = "with -noarp, it is to keep silent about its own address"
	c := start(t, feature, "-noarp")
	c.silent("at its start", c.next(patience))
	c.silent("asked for its address", c.ask(question(peerMAC, peerIP, ourIP)))
	c.silent("a host wants its address", c.ask(question(peerMAC, noIP, ourIP)))
	c.silent("the other host with its address speaks", c.ask(question(otherMAC, ourIP, ourIP)))

	c = start(t, feature, "-noarp", "-resolve", "10.0.0.1")
	asked := c.next(10 * time.Second)
	if want := question(ourMAC, ourIP, peerIP); !bytes.Equal(asked, want) {
		t.Fatalf("-noarp -resolve 10.0.0.1 sends % x, want the question who that is\n% x", asked, want)
	}
	c.send(arp(ourMAC, layers.ARPReply, peerMAC, peerIP, ourMAC, ourIP))
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("-noarp -resolve 10.0.0.1 was answered, and does not end")
	}
	if want := peerMAC.String() + "\n"; c.status != 0 || c.stdout.String() != want {
		t.Errorf("-noarp -resolve 10.0.0.1 was answered, and ends with status %d and %q, want 0 and %q", c.status, &c.stdout, want)
	}
}

// Exercise 3: answers for others.
func TestExercise3Proxy(t *testing.T) {
	c := start(t, "with -proxy PREFIX, it is to answer for each address in that block", "-proxy", "10.0.0.64/26")
	in, out := netip.MustParseAddr("10.0.0.77"), netip.MustParseAddr("10.0.0.9")
	c.next(patience) // the announcement
	frame := c.ask(question(peerMAC, peerIP, in))
	if want := arp(peerMAC, layers.ARPReply, ourMAC, in, peerMAC, peerIP); !bytes.Equal(frame, want) {
		t.Fatalf("asked for %v, it sends % x, want\n% x", in, frame, want)
	}
	c.silent("asked for an address outside of the block", c.ask(question(peerMAC, peerIP, out)))
	c.silent("a reply that is for a host in the block", c.ask(arp(ourMAC, layers.ARPReply, peerMAC, peerIP, ourMAC, in)))
	c.silent("a host in the block announces itself", c.ask(question(otherMAC, in, in)))
	c.silent("a host asks whether an address of the block is free", c.ask(question(otherMAC, noIP, in)))
	if frame := c.ask(question(peerMAC, peerIP, ourIP)); frame == nil {
		t.Errorf("no answer for %v, our own", ourIP)
	}
}
