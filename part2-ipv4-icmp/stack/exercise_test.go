//go:build exercise

package stack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// The exercises of docs/2-ipv4-icmp.md; the one that gives the program a flag is tested beside it. Each of these tests
// fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part2-ipv4-icmp/...

// Exercise 1: RFC 792, Timestamp: the data are three times, in milliseconds since midnight
// UTC: when the request was sent, when it arrived, when the reply left.
func TestExercise1Timestamp(t *testing.T) {
	const reply = 14
	onBench(t, func(b *bench) {
		b.meet()
		b.Advance(90 * time.Minute)
		b.meet() // the table has forgotten the peer
		b.Take()
		data := make([]byte, 12)
		binary.BigEndian.PutUint32(data, 12345)
		b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpTimestamp, 0, 77, 3, data))
		sent := b.Take()
		if len(sent) != 1 {
			b.Fatalf("%d frames were sent for a timestamp request, want one reply", len(sent))
		}
		d := b.wantICMP(sent[0].Bytes, reply, 0)
		if d.icmp.Id != 77 || d.icmp.Seq != 3 || len(d.icmp.Payload) != 12 {
			b.Fatalf("the reply has id %d, seq %d and %d bytes; want 77, 3 and 12", d.icmp.Id, d.icmp.Seq, len(d.icmp.Payload))
		}
		now := millisOfDay(time.Now())
		originate, receive, transmit := binary.BigEndian.Uint32(d.icmp.Payload), binary.BigEndian.Uint32(d.icmp.Payload[4:]), binary.BigEndian.Uint32(d.icmp.Payload[8:])
		if originate != 12345 || now-receive > 1 || now-transmit > 1 {
			b.Errorf("times %d, %d, %d; want 12345, %d, %d", originate, receive, transmit, now, now)
		}
		for _, n := range []int{0, 11, 13} { // no timestamp request has this length
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpTimestamp, 0, 77, 4, make([]byte, n)))
			b.Silence()
		}
	})
}

// Exercise 3: what we send to others must not show in the Identifications that one host
// sees. A table has an end, so a few may share a counter.
func TestExercise3Identifications(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		next := func(ip netip.Addr) uint16 {
			b.Helper()
			b.sendIPv4(ipv4From(ip, protocolICMP), echoRequest(1, nil))
			return b.decode(b.One()).ip.Id
		}
		const hosts = 32
		shared := 0
		for i := range hosts {
			other := netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})
			before := next(peerIP)
			for range 5 {
				next(other)
			}
			if next(peerIP) != before+1 {
				shared++
			}
		}
		if shared > 4 {
			b.Errorf("what %d of %d other hosts were sent can be counted by a third", shared, hosts)
		}
		if a, c := next(peerIP), next(netip.MustParseAddr("198.51.100.1")); a == c || a+1 == c {
			b.Errorf("two hosts see Identifications %d and %d: they begin at the same number", a, c)
		}
	})
}

// Exercise 4: a router. RFC 1122 3.1 wants a switch, which is off: Config.Forward.
func TestExercise4Forward(t *testing.T) {
	cfg := quietConfig()
	on := reflect.ValueOf(&cfg).Elem().FieldByName("Forward")
	if !on.IsValid() || on.Kind() != reflect.Bool {
		t.Fatal("Config has no field Forward of type bool, by which a host can be made a router")
	}
	datagram := func(ttl uint8, dst netip.Addr, change ...func(ip *layers.IPv4)) []byte {
		ip := ipv4From(farIP, 99)
		ip.TTL, ip.DstIP = ttl, dst.AsSlice()
		for _, f := range change {
			f(ip)
		}
		return ipv4Frame(ip, pattern(104))
	}
	inFrameTo := func(card MAC, frame []byte) []byte {
		copy(frame, card[:])
		return frame
	}
	far := netip.MustParseAddr("198.51.100.9") // behind the gateway
	for _, test := range []struct {
		name    string
		forward bool
		frame   []byte
		to      MAC
		icmp    int // the type of the message that goes back; -1: none does
		ttl     uint8
	}{
		{"to a neighbour", true, datagram(64, otherIP), otherMAC, -1, 63},
		{"to the gateway", true, datagram(2, far), peerMAC, -1, 1},
		{"with a type of service", true, datagram(64, otherIP, func(ip *layers.IPv4) { ip.TOS = 0xb8 }), otherMAC, -1, 63},
		{"not to be cut", true, datagram(64, otherIP, func(ip *layers.IPv4) { ip.Flags = layers.IPv4DontFragment }), otherMAC, -1, 63},
		{"a first fragment", true, datagram(64, otherIP, func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }), otherMAC, -1, 63},
		{"a last fragment", true, datagram(64, otherIP, func(ip *layers.IPv4) { ip.FragOffset = 13 }), otherMAC, -1, 63},
		{"with an option", true, replaceHeader(datagram(64, otherIP), unhex("94 04 0000")), otherMAC, -1, 63}, // router alert (RFC 2113)
		{"its last hop", true, datagram(1, otherIP), peerMAC, icmpTimeExceeded, 64},
		{"it should have been dropped before", true, datagram(0, otherIP), peerMAC, icmpTimeExceeded, 64},
		{"the switch is off", false, datagram(64, otherIP), MAC{}, -1, 0},
		{"to a group", true, datagram(64, netip.MustParseAddr("224.0.0.9")), MAC{}, -1, 0},
		{"to all", true, datagram(64, netip.MustParseAddr("10.0.0.255")), MAC{}, -1, 0},
		{"to itself", true, datagram(64, netip.MustParseAddr("127.0.0.1")), MAC{}, -1, 0},
		{"in a frame for all cards", true, inFrameTo(broadcastMAC, datagram(64, otherIP)), MAC{}, -1, 0},
		{"in a frame for another card", true, inFrameTo(otherMAC, datagram(64, otherIP)), MAC{}, -1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			on.SetBool(test.forward)
			onDirect(t, cfg, func(v *direct) {
				v.receive(request(otherMAC, otherIP, ourIP))
				var sent []byte
				v.see = func(frame []byte) { sent = bytes.Clone(frame) }
				n := v.receive(test.frame)
				switch {
				case test.to == MAC{}:
					if n != 0 {
						v.Errorf("sent %s", Describe(sent))
					}
					return
				case n != 1:
					v.Fatalf("%d frames were sent, want 1", n)
				}
				h, payload, err := parsedIPv4(sent[etherHeaderLen:])
				if err != nil || MAC(sent[:6]) != test.to || h.ttl != test.ttl {
					v.Fatalf("sent %s to %v with TTL %d, %v; want %v and %d", Describe(sent), MAC(sent[:6]), h.ttl, err, test.to, test.ttl)
				}
				if test.icmp >= 0 {
					if layers.CreateICMPv4TypeCode(payload[0], payload[1]) != layers.CreateICMPv4TypeCode(uint8(test.icmp), 0) || h.dst != farIP {
						v.Errorf("sent %s, want ICMP type %d, code 0, to %v", Describe(sent), test.icmp, farIP)
					}
					return
				}
				got, want := sent[etherHeaderLen:], bytes.Clone(test.frame[etherHeaderLen:])
				copy(want[8:9], got[8:9])     // the TTL, which is right,
				copy(want[10:12], got[10:12]) // and the checksum, too
				if !bytes.Equal(got, want) {
					v.Errorf("sent %s: something other than the TTL and the checksum has changed:\n got % x\nwant % x", Describe(sent), got, want)
				}
			})
		})
	}
}
