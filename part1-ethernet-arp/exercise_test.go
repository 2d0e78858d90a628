//go:build exercise

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// The exercises of docs/1-ethernet-arp.md. Each of these tests fails until its exercise is
// done:
//
//	go test -tags exercise -run TestExercise1 ./part1-ethernet-arp

// patience is how long an exercise waits for a frame that should come, or should not.
const patience = 300 * time.Millisecond

// program is the whole program, with flags, on a cable whose other end the test has.
type program struct {
	*testing.T
	end *os.File
}

// start runs the program until the test ends. feature says what the flags are to bring.
func start(t *testing.T, feature string, flags ...string) *program {
	t.Helper()
	if _, err := parseOptions("part1", flags, io.Discard); err != nil {
		t.Fatalf("the program does not know the flag yet (%v): %s", err, feature)
	}
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.SetNonblock(fds[0], true) // so that reading has a deadline
	p := &program{T: t, end: os.NewFile(uintptr(fds[0]), "cable")}
	ended := make(chan int)
	go func() {
		ended <- run(append([]string{"-q", "-tap", fmt.Sprintf("fd:%d", fds[1])}, flags...), io.Discard, io.Discard)
	}()
	t.Cleanup(func() {
		p.end.Close() // the cable is pulled out, which ends the program
		<-ended
	})
	return p
}

// next returns the next frame that the program sends, or nil if it is silent.
func (p *program) next() []byte {
	p.Helper()
	p.end.SetReadDeadline(time.Now().Add(patience))
	frame := make([]byte, 2000)
	n, err := p.end.Read(frame)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case err != nil:
		p.Fatal(err)
	}
	return frame[:n]
}

// ask sends a frame and returns what comes back.
func (p *program) ask(frame []byte) []byte {
	p.Helper()
	if _, err := p.end.Write(frame); err != nil {
		p.Fatal(err)
	}
	return p.next()
}

// silent fails the test if frame is not nil.
func (p *program) silent(after string, frame []byte) {
	p.Helper()
	if frame != nil {
		p.Errorf("%s: want silence, got %s", after, describe(frame))
	}
}

// Exercise 1: a host that has an address and does not say so.
func TestExercise1NoARP(t *testing.T) {
	p := start(t, "with -noarp, it is to keep silent about its own address", "-noarp")
	p.silent("at its start", p.next())
	p.silent("asked for its address", p.ask(request(peerMAC, peerIP, ourIP)))
	p.silent("a host wants its address", p.ask(request(peerMAC, noIP, ourIP)))
	p.silent("the other host with its address speaks", p.ask(request(otherMAC, ourIP, ourIP)))
}

// Exercise 2: frames with a priority and no VLAN.
func TestExercise2PriorityTag(t *testing.T) {
	question := request(peerMAC, peerIP, ourIP)
	tagged := func(tag uint16, padding int) []byte {
		b := slices.Clone(question[:12])
		b = binary.BigEndian.AppendUint16(b, etherTypeVLAN)
		b = binary.BigEndian.AppendUint16(b, tag)
		return append(append(b, question[12:]...), make([]byte, padding)...)
	}
	onBench(t, func(b *bench) {
		for _, length := range []int{arpLen, 46, 1500} {
			b.send(tagged(5<<13, length-arpLen))
			if sent := b.take(); len(sent) != 1 {
				b.Fatalf("a question of %d bytes with priority 5 and VLAN 0 gets %d answers, want 1", length, len(sent))
			} else {
				b.wantARP(sent[0].frame, peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
			}
		}
		b.send(tagged(1, 0))
		b.wantDropped(errVLAN, 1)
		b.send(tagged(0, 1501-arpLen))
		b.wantDropped(errGiant, 1) // the tag does not count, what is behind it does
		for n := 12; n < 18; n++ {
			b.send(tagged(0, 0)[:n])
		}
		b.silence()
	})
}

// Exercise 3: answers for others.
func TestExercise3Proxy(t *testing.T) {
	p := start(t, "with -proxy PREFIX, it is to answer for each address in that block", "-proxy", "10.0.0.64/26")
	in, out := netip.MustParseAddr("10.0.0.77"), netip.MustParseAddr("10.0.0.9")
	p.next() // the announcement
	frame := p.ask(request(peerMAC, peerIP, in))
	if frame == nil {
		t.Fatalf("no answer for %v", in)
	}
	(&bench{T: t}).wantARP(frame, peerMAC, layers.ARPReply, in, peerMAC, peerIP)
	p.silent("asked for an address outside of the block", p.ask(request(peerMAC, peerIP, out)))
	p.silent("a reply that is for a host in the block", p.ask(arpFrame(ourMAC, peerMAC, 2, peerMAC, peerIP, ourMAC, in)))
	p.silent("a host in the block announces itself", p.ask(request(otherMAC, in, in)))
	p.silent("a host asks whether an address of the block is free", p.ask(request(otherMAC, noIP, in)))
	if frame := p.ask(request(peerMAC, peerIP, ourIP)); frame == nil {
		t.Errorf("no answer for %v, our own", ourIP)
	}
}

// Exercise 4: the question the other way round, as hosts without a disk asked it.
func TestExercise4RARP(t *testing.T) {
	const etherTypeReverse, reverseRequest, reverseReply = 0x8035, 3, 4 // RFC 903
	reverse := func(dst, src MAC, op uint16, sha MAC, spa netip.Addr, tha MAC, tpa netip.Addr) []byte {
		b := arpFrame(dst, src, op, sha, spa, tha, tpa)
		binary.BigEndian.PutUint16(b[12:], etherTypeReverse)
		return b
	}
	onBench(t, func(b *bench) {
		question := reverse(broadcastMAC, otherMAC, reverseRequest, otherMAC, noIP, otherMAC, noIP)
		b.send(question)
		b.silence() // nobody has told us who that is
		b.send(request(otherMAC, otherIP, ourIP))
		b.take()
		b.send(question)
		sent := b.take()
		if len(sent) != 1 {
			b.Fatalf("%v was %v a moment ago, asks who it is, and gets %d answers, want 1", otherMAC, otherIP, len(sent))
		}
		want := reverse(otherMAC, ourMAC, reverseReply, ourMAC, ourIP, otherMAC, otherIP)
		if !slices.Equal(sent[0].frame, want) {
			b.Errorf("\n got % x\nwant % x", sent[0].frame, want)
		}
		b.send(reverse(ourMAC, peerMAC, reverseReply, peerMAC, peerIP, ourMAC, otherIP))
		b.send(reverse(broadcastMAC, otherMAC, reverseRequest, otherMAC, noIP, peerMAC, noIP)) // who is a third one?
		b.send(question[:len(question)-1])
		b.silence()
	})
}
