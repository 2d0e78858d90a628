package stack

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// reassembled puts together what we sent, which is one datagram and in order,
// and returns its payload. (gopacket's defragmenter refuses a last fragment of
// less than 8 bytes, which RFC 791 allows.)
func (b *bench) reassembled(sent []suite.Frame) []byte {
	b.Helper()
	var whole []byte
	for i, f := range sent {
		ip := b.decode(f.Bytes).ip
		more := ip.Flags&layers.IPv4MoreFragments != 0
		if int(ip.FragOffset)*8 != len(whole) || more == (i == len(sent)-1) || ip.Id != b.decode(sent[0].Bytes).ip.Id {
			b.Errorf("fragment %d: id %d, offset %d, more %v; want offset %d", i, ip.Id, ip.FragOffset*8, more, len(whole))
		}
		whole = append(whole, ip.Payload...)
	}
	return whole
}

// RFC 791 3.2: what is longer than the MTU is cut at multiples of 8 bytes.
func TestFragmentation(t *testing.T) {
	for _, test := range []struct{ mtu, n, frames int }{
		{1500, 1480, 1}, {1500, 1481, 2}, {1500, 2960, 2}, {1500, 2961, 3}, {1500, 65515, 45},
		{1006, 2000, 3}, // 986 bytes fit, 984 are used
		{68, 100, 3}, {68, 48, 1}, {68, 49, 2},
	} {
		onBench(t, func(b *bench) {
			b.meet()
			message := pattern(test.n)
			b.do(func() {
				b.s.mtu = test.mtu
				b.s.freePackets = nil
				p := b.s.newPacket(test.n)
				copy(p.bytes(), message)
				if err := b.s.sendIPv4(ipv4Header{dst: peerIP, protocol: 99}, p); err != nil {
					b.Error(err)
				}
			})
			sent := b.Take()
			if len(sent) != test.frames {
				b.Errorf("%d bytes at MTU %d went in %d frames, want %d", test.n, test.mtu, len(sent), test.frames)
			}
			for i, f := range sent {
				ip := b.decode(f.Bytes).ip
				last := i == len(sent)-1
				if len(f.Bytes) > etherHeaderLen+test.mtu || !last && len(ip.Payload)%8 != 0 ||
					(ip.Flags&layers.IPv4MoreFragments != 0) == last {
					b.Errorf("fragment %d of %d: %d bytes, flags %v", i, len(sent), len(ip.Payload), ip.Flags)
				}
			}
			if got := b.reassembled(sent); !bytes.Equal(got, message) {
				b.Errorf("MTU %d: %d bytes became %d, or changed", test.mtu, test.n, len(got))
			}
		})
	}
}

// Options that are not to be copied are in the first fragment only.
func TestFragmentationWithOptions(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		b.do(func() {
			p := b.s.newPacket(3000)
			copy(p.bytes(), pattern(3000))
			b.s.sendIPv4(ipv4Header{dst: peerIP, protocol: 99, options: unhex("07 07 04 00000000 94 04 0000 00")}, p)
		})
		sent := b.Take()
		if len(sent) != 3 {
			b.Fatalf("%d fragments, want 3", len(sent))
		}
		var got []byte // gopacket's defragmenter does not know options
		for i, f := range sent {
			want := 6 // a header with router alert: 24 bytes
			if i == 0 {
				want = 8 // with both: 32
			}
			ip := b.decode(f.Bytes).ip
			if int(ip.IHL) != want || int(ip.FragOffset)*8 != len(got) {
				b.Errorf("fragment %d has IHL %d, want %d, and offset %d, want %d", i, ip.IHL, want, ip.FragOffset*8, len(got))
			}
			got = append(got, ip.Payload...)
		}
		if !bytes.Equal(got, pattern(3000)) {
			b.Error("it changed on the way")
		}
	})
}

// An MTU below what every link must carry (RFC 791 3.2) is not believed: in pieces
// of nothing, a datagram would never be sent.
func TestAbsurdMTU(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		b.do(func() {
			p := b.s.newPacket(1490) // as long as a buffer, and must be cut
			copy(p.bytes(), pattern(1490))
			if err := b.s.sendFragments(ipv4Header{src: ourIP, dst: peerIP, protocol: 99, ttl: 64}, peerIP, p, 24); err != nil {
				b.Error(err)
			}
		})
		if got := b.reassembled(b.Take()); !bytes.Equal(got, pattern(1490)) {
			b.Errorf("%d bytes came through, want 1490", len(got))
		}
	})
}

func TestTooLongToSend(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		for _, test := range []struct {
			h ipv4Header
			n int
		}{
			{ipv4Header{dst: peerIP, dontFragment: true}, 1481},
			{ipv4Header{dst: peerIP, dontFragment: true}, 1501},
			{ipv4Header{dst: peerIP}, 65516},
		} {
			b.do(func() {
				p := b.s.newPacket(test.n)
				free := len(b.s.freePackets)
				if err := b.s.sendIPv4(test.h, p); !errors.Is(err, syscall.EMSGSIZE) {
					b.Errorf("%d bytes: %v, want EMSGSIZE", test.n, err)
				}
				if kept := test.n <= 1500; kept != (len(b.s.freePackets) == free+1) {
					b.Errorf("%d bytes: the buffer was not given back", test.n)
				}
			})
		}
		b.Silence()
		b.do(func() {
			if err := b.s.sendIPv4(ipv4Header{dst: peerIP, dontFragment: true}, b.s.newPacket(1480)); err != nil {
				b.Error(err)
			}
		})
		var ip layers.IPv4
		if err := ip.DecodeFromBytes(b.One()[etherHeaderLen:], gopacket.NilDecodeFeedback); err != nil || ip.Id != 0 || ip.Flags != layers.IPv4DontFragment {
			b.Errorf("a datagram with DF has ID %d, flags %v (RFC 6864 4.1: no ID is needed)", ip.Id, ip.Flags)
		}
	})
}
