//go:build linux

package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// A fakeCable answers each frame by a function; no answer is a deadline that passed.
type fakeCable struct {
	answer func(frame []byte) []byte
	last   []byte
}

func (c *fakeCable) Send(frame []byte) error { c.last = frame; return nil }

func (c *fakeCable) Receive(time.Time) ([]byte, error) {
	frame := c.last
	c.last = nil
	if frame != nil {
		if reply := c.answer(frame); reply != nil {
			return reply, nil
		}
	}
	return nil, os.ErrDeadlineExceeded
}

// honest answers as a part should.
func honest(frame []byte) []byte {
	if bytes.Equal(frame[38:42], partIP.AsSlice()) {
		return arpReply(partMAC, partIP, frame[6:12], hostIP)
	}
	return nil
}

// TestDemoNotices checks that the demo ends with status 0 for a part that answers as it should, and for no other.
func TestDemoNotices(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func([]byte) []byte
		want   int
		says   string
	}{
		{"right", honest, 0, "02:00:00:00:00:04 has it"},
		{"silent", func([]byte) []byte { return nil }, 1, "no answer from 10.0.0.4"},
		{"one wrong byte in its MAC", func(f []byte) []byte {
			reply := honest(f)
			reply[27] ^= 1
			return reply
		}, 1, "sender's MAC"},
		{"question returned to all", func(f []byte) []byte { return f }, 1, "no answer from 10.0.0.4"},
		{"answers for everybody", func(f []byte) []byte {
			about, _ := netip.AddrFromSlice(f[38:42])
			return arpReply(partMAC, about, f[6:12], hostIP)
		}, 1, "10.0.0.77, which is not its address"},
	} {
		var out bytes.Buffer
		b := &bench{out: &out, cable: &fakeCable{answer: test.answer}, mac: hostMAC, ip: hostIP, part: part{Number: 1}}
		if got := b.show(); got != test.want || !strings.Contains(out.String(), test.says) {
			t.Errorf("%s: status %d, want %d and %q in:\n%s", test.name, got, test.want, test.says, out.String())
		}
	}
}

// TestLaterPartsShowPartOnesSteps runs the demo for a part that has no steps of its own.
func TestLaterPartsShowPartOnesSteps(t *testing.T) {
	var out bytes.Buffer
	b := &bench{out: &out, cable: &fakeCable{answer: honest}, mac: hostMAC, ip: hostIP, part: part{Number: 99}}
	if b.show() != 0 || !strings.Contains(out.String(), "go run ./shared/lab 99 --") {
		t.Errorf("the demo of part 99:\n%s", out.String())
	}
}

// TestARPFrame compares the demo's question with the bytes that RFC 826 asks for, written out by hand.
func TestARPFrame(t *testing.T) {
	want := []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x08, 0x06,
		0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
		0x02, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x01,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x04,
	}
	if got := arpRequest(hostMAC, hostIP, partIP); !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
	size := 0
	for _, field := range arpFields {
		size += field.size
	}
	if size != arpSize {
		t.Errorf("the fields have %d bytes, want %d", size, arpSize)
	}
	if answersARP(want, net.HardwareAddr(want[:6]), partIP) {
		t.Error("a question passed for an answer")
	}
}
