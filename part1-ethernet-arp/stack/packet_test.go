package stack

import (
	"bytes"
	"testing"
)

func TestPacketGrowsFromTheInsideOut(t *testing.T) {
	s := New(nullDevice{}, testConfig(nil))
	for _, n := range []int{0, 1, 1500, 1501, 65535} {
		p := s.newPacket(n)
		if len(p.bytes()) != n {
			t.Fatalf("newPacket(%d) has %d bytes", n, len(p.bytes()))
		}
		for i := range p.bytes() {
			p.bytes()[i] = 'p'
		}
		copy(p.push(60), bytes.Repeat([]byte{'t'}, 60)) // TCP's longest header
		copy(p.push(60), bytes.Repeat([]byte{'i'}, 60)) // IPv4's
		copy(p.push(14), bytes.Repeat([]byte{'e'}, 14)) // Ethernet's
		want := bytes.Repeat([]byte{'p'}, n)
		for _, layer := range []string{"t", "i", "e"} {
			header := 60
			if layer == "e" {
				header = 14
			}
			want = append(bytes.Repeat([]byte(layer), header), want...)
		}
		if !bytes.Equal(p.bytes(), want) {
			t.Errorf("a packet of %d bytes is not what was put together", n)
		}
		s.freePacket(p)
	}
}

func TestPacketsAreUsedAgain(t *testing.T) {
	s := New(nullDevice{}, testConfig(nil))
	p := s.newPacket(100)
	s.freePacket(p)
	if again := s.newPacket(1500); again != p {
		t.Error("a free buffer was not used again")
	}
	s.freePacket(s.newPacket(1501))
	var many []*packet
	for range 4 * maxFreePackets {
		many = append(many, s.newPacket(1))
	}
	for _, p := range many {
		s.freePacket(p)
	}
	if n := len(s.freePackets); n != maxFreePackets {
		t.Errorf("%d buffers are kept, want %d", n, maxFreePackets)
	}
	for _, p := range s.freePackets {
		if len(p.buf) != headroom+1500 {
			t.Errorf("a buffer of %d bytes is kept", len(p.buf))
		}
	}
}
