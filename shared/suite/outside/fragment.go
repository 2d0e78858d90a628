package outside

import (
	"bytes"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// A piece is a part of a datagram's payload: bytes from to before to.
type piece struct{ from, to int }

// fragments cuts an echo request with n bytes of data, and returns the frames for the pieces, in their order.
func (b *Bench) fragments(seq uint16, n int, change func(*layers.IPv4), pieces ...piece) (frames [][]byte) {
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: echoID, Seq: seq}
	payload := b.message(icmp, counted(n))
	b.id++
	id := b.id
	for _, p := range pieces {
		frames = append(frames, b.datagram(layers.IPProtocolICMPv4, payload[p.from:min(p.to, len(payload))], func(ip *layers.IPv4) {
			ip.Id, ip.FragOffset = id, uint16(p.from/8)
			if p.to < len(payload) {
				ip.Flags = layers.IPv4MoreFragments
			}
			if change != nil {
				change(ip)
			}
		}))
	}
	return frames
}

func (b *Bench) sendAll(frames [][]byte) {
	for _, f := range frames {
		b.Send(f)
	}
}

// wantWhole waits for an echo reply with n bytes of data, in one datagram or in fragments, which are looked at.
func (b *Bench) wantWhole(seq uint16, n int) (id uint16) {
	b.Helper()
	want := b.message(&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(0, 0), Id: echoID, Seq: seq}, counted(n))
	got, have, end := make([]byte, len(want)), 0, -1
	for first := true; end < 0 || have < end; first = false {
		p := b.next(b.Late, b.isPiece)
		if p == nil {
			b.Fatalf("of the reply's %d bytes %d come", len(want), have)
		}
		ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		b.checkHeader(p, ip)
		more, at := ip.Flags&layers.IPv4MoreFragments != 0, int(ip.FragOffset)*8
		switch {
		case !first && ip.Id != id:
			b.Fatalf("the fragments of one reply have the identifications %d and %d", id, ip.Id)
		case more && len(ip.Payload)%8 != 0:
			b.Fatalf("a fragment that is not the last has %d bytes, no multiple of 8", len(ip.Payload))
		case ip.Flags&layers.IPv4DontFragment != 0 && (more || at > 0):
			b.Errorf("a fragment has DF set")
		case at+len(ip.Payload) > len(want):
			b.Fatalf("a fragment ends at %d, and the reply has %d bytes", at+len(ip.Payload), len(want))
		}
		id = ip.Id
		have += copy(got[at:], ip.Payload)
		if !more {
			end = at + len(ip.Payload)
		}
	}
	if !bytes.Equal(got, want) {
		b.Errorf("the reply is not what was sent:\ngot  % x…\nwant % x…", clip(got), clip(want))
	}
	return id
}

// isPiece tells whether a frame has a piece of an echo reply.
func (b *Bench) isPiece(p gopacket.Packet) bool {
	ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	return ok && b.isICMP(p) && (ip.FragOffset > 0 || len(ip.Payload) > 0 && ip.Payload[0] == layers.ICMPv4TypeEchoReply)
}

// nothingComes checks that a datagram that is not all there is not answered.
func (b *Bench) nothingComes() {
	b.Helper()
	b.silence("a datagram of which something is missing is answered", b.isEchoReply)
}

const (
	reassembly = `"To assemble the fragments of an internet datagram, an internet protocol module (for example at a destination host) combines internet datagrams that all have the same value for the four fields: identification, source, destination, and protocol. The combination is done by placing the data portion of each fragment in the relative position indicated by the fragment offset in that fragment's internet header."`
	mustReas   = `"The IP layer MUST implement reassembly of IP datagrams."`
)

// fragmentChecks are those about datagrams in pieces.
var fragmentChecks = []Check{
	{Name: "two pieces", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		b.sendAll(b.fragments(1, 100, nil, piece{0, 64}, piece{64, 108}))
		b.wantWhole(1, 100)
	}},
	{Name: "the last one first", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		b.sendAll(b.fragments(1, 100, nil, piece{64, 108}, piece{0, 64}))
		b.wantWhole(1, 100)
		b.sendAll(b.fragments(2, 100, nil, piece{96, 108}, piece{32, 64}, piece{64, 96}, piece{0, 32}))
		b.wantWhole(2, 100)
	}},
	{Name: "one that comes twice", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		b.sendAll(b.fragments(1, 100, nil, piece{0, 64}, piece{0, 64}, piece{64, 108}))
		b.wantWhole(1, 100)
	}},
	{Name: "more than the cable carries at once", RFC: "1122 3.3.2", From: 2, Says: mustReas, Run: func(b *Bench) {
		b.known()
		for i, n := range []int{1473, 2000, 4000, 8000} {
			var pieces []piece
			for at := 0; at < n+8; at += 1480 {
				pieces = append(pieces, piece{at, at + 1480})
			}
			b.sendAll(b.fragments(uint16(i), n, nil, pieces...))
			b.wantWhole(uint16(i), n)
		}
	}},
	{Name: "each reply has an identification of its own", RFC: "6864 4.1", From: 2, Says: `"The IPv4 ID ... sources emitting non-atomic datagrams MUST NOT repeat IPv4 ID values within one MDL for a given source address/destination address/protocol tuple."`, Run: func(b *Bench) {
		b.known()
		seen := make(map[uint16]bool)
		for i := range 8 {
			b.sendAll(b.fragments(uint16(i), 2000, nil, piece{0, 1480}, piece{1480, 2008}))
			id := b.wantWhole(uint16(i), 2000)
			if seen[id] {
				b.Fatalf("the identification %d is used again", id)
			}
			seen[id] = true
		}
	}},
	{Name: "pieces of two datagrams", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		one := b.fragments(1, 100, nil, piece{0, 64}, piece{64, 108})
		two := b.fragments(2, 100, nil, piece{0, 64}, piece{64, 108})
		b.sendAll([][]byte{one[0], two[1], two[0]})
		b.wantWhole(2, 100)
		b.Send(one[1])
		b.wantWhole(1, 100)
	}},
	{Name: "pieces of two protocols do not fit", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		good := b.fragments(1, 100, nil, piece{0, 64}, piece{64, 108})
		b.id--
		other := b.fragments(1, 100, func(ip *layers.IPv4) { ip.Protocol = 253 }, piece{64, 108})
		b.sendAll([][]byte{good[0], other[0]})
		b.nothingComes()
	}},
	{Name: "with a gap", RFC: "791 3.2", From: 2, Says: reassembly, Run: func(b *Bench) {
		b.known()
		b.sendAll(b.fragments(1, 100, nil, piece{0, 32}, piece{64, 108}))
		b.nothingComes()
		b.sendAll(b.fragments(2, 100, nil, piece{0, 64}))
		b.nothingComes()
		b.sendAll(b.fragments(3, 100, nil, piece{64, 108}))
		b.nothingComes()
		b.Send(b.echo(4, counted(8)))
		b.wantEchoReply(4, counted(8))
	}},
	{Name: "one that ends beyond 65535", RFC: "791 3.1", From: 2, Says: `"Total Length ... This field allows the length of a datagram to be up to 65,535 octets."`, Run: func(b *Bench) {
		b.known()
		b.Send(b.datagram(layers.IPProtocolICMPv4, counted(1400), func(ip *layers.IPv4) { ip.FragOffset = 0x1fff }))
		b.Send(b.echo(4, counted(8)))
		b.wantEchoReply(4, counted(8))
	}},
	{Name: "what never is complete does not stop the rest", RFC: "1122 3.3.2", From: 2, Says: `"There MUST be a reassembly timeout.": and until then others have room.`, Run: func(b *Bench) {
		b.known()
		for i := range 100 {
			b.sendAll(b.fragments(uint16(i), 1400, nil, piece{0, 1200}))
		}
		b.sendAll(b.fragments(4, 100, nil, piece{0, 64}, piece{64, 108}))
		b.wantWhole(4, 100)
	}},
	{Name: "the time is over", RFC: "1122 3.3.2", From: 2, Long: 125 * time.Second, Says: `"There MUST be a reassembly timeout. The reassembly timeout value SHOULD be a fixed value ... between 60 seconds and 120 seconds. If this timeout expires, the partially-reassembled datagram MUST be discarded and an ICMP Time Exceeded message sent to the source host (if fragment zero has been received)."`, Run: func(b *Bench) {
		b.known()
		first := b.fragments(1, 100, nil, piece{0, 64}, piece{64, 108})
		b.Send(first[0])
		if b.next(120*time.Second+b.Late, b.isError) == nil {
			b.Fatalf("within 120 s no ICMP error comes")
		}
		b.Send(first[1])
		b.nothingComes()
	}},
	{Name: "DF or not, what fits is answered", RFC: "791 3.1", From: 2, Says: `"Don't Fragment" asks whoever forwards: it is nothing to the host that the datagram is for.`, Run: func(b *Bench) {
		b.known()
		b.Send(b.echo(1, counted(1472), func(ip *layers.IPv4) { ip.Flags = layers.IPv4DontFragment }))
		b.wantEchoReply(1, counted(1472))
	}},
}
