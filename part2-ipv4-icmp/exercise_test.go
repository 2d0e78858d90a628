//go:build exercise && linux

package main

import (
	"encoding/binary"
	"io"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// The tests of the chapter's exercises. Each fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part2-ipv4-icmp

// wantFlag ends the test if the part does not know a flag yet.
func wantFlag(t *testing.T, args ...string) {
	t.Helper()
	if _, err := parseOptions("part2", args, io.Discard); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

// Exercise 1: RFC 792, Timestamp: the data are three times, in milliseconds since midnight
// UTC: when the request was sent, when it arrived, when the reply left.
func TestExercise1Timestamp(t *testing.T) {
	const reply = 14
	onBench(t, func(b *bench) {
		b.meet()
		b.advance(90 * time.Minute)
		b.meet() // the table has forgotten the peer
		b.take()
		data := make([]byte, 12)
		binary.BigEndian.PutUint32(data, 12345)
		b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpTimestamp, 0, 77, 3, data))
		sent := b.take()
		if len(sent) != 1 {
			b.Fatalf("%d frames were sent for a timestamp request, want one reply", len(sent))
		}
		d := b.wantICMP(sent[0].frame, reply, 0)
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
			b.silence()
		}
	})
}

// Exercise 2: -ttl says how far -ping's requests may go. The kernel is a router here: with
// -ttl 1 it is as far as they come.
func TestExercise2TTL(t *testing.T) {
	wantFlag(t, "-ping", "192.0.2.7", "-ttl", "1")
	for _, bad := range []string{"0", "256"} {
		if _, err := parseOptions("part2", []string{"-ping", "10.0.0.1", "-ttl", bad}, io.Discard); err == nil {
			t.Errorf("-ttl %s is taken", bad)
		}
	}
	r := lab(t, "ip", nil, shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		for hops in 1 2; do
			`+labDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -ping 192.0.2.7 -count 1 -ttl $hops
		done; true`)...)
	r.want(t, 0, "From 10.0.1.1 icmp_seq=1 time to live exceeded", "64 bytes from 192.0.2.7: icmp_seq=1 ttl=63")
}

// Exercise 3: what we send to others must not show in the Identifications that one host
// sees. A table has an end, so a few may share a counter.
func TestExercise3Identifications(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		next := func(ip netip.Addr) uint16 {
			b.Helper()
			b.sendIPv4(ipv4From(ip, protocolICMP), echoRequest(1, nil))
			return b.decode(b.one()).ip.Id
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
	datagram := func(ttl uint8, dst netip.Addr) []byte {
		ip := ipv4From(farIP, 99)
		ip.TTL, ip.DstIP = ttl, dst.AsSlice()
		return ipv4Frame(ip, pattern(100))
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
		{"its last hop", true, datagram(1, otherIP), peerMAC, icmpTimeExceeded, 64},
		{"it should have been dropped before", true, datagram(0, otherIP), peerMAC, icmpTimeExceeded, 64},
		{"the switch is off", false, datagram(64, otherIP), MAC{}, -1, 0},
		{"to a group", true, datagram(64, netip.MustParseAddr("224.0.0.9")), MAC{}, -1, 0},
		{"to all", true, datagram(64, netip.MustParseAddr("10.0.0.255")), MAC{}, -1, 0},
		{"to itself", true, datagram(64, netip.MustParseAddr("127.0.0.1")), MAC{}, -1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			on.SetBool(test.forward)
			onVictim(t, cfg, func(v *victim) {
				v.receive(request(otherMAC, otherIP, ourIP))
				var sent []byte
				v.see = func(frame []byte) { sent = append([]byte(nil), frame...) }
				n := v.receive(test.frame)
				switch {
				case test.to == MAC{}:
					if n != 0 {
						v.Errorf("sent %s", describe(sent))
					}
					return
				case n != 1:
					v.Fatalf("%d frames were sent, want 1", n)
				}
				h, payload, err := parsedIPv4(sent[etherHeaderLen:])
				if err != nil || MAC(sent[:6]) != test.to || h.ttl != test.ttl {
					v.Fatalf("sent %s to %v with TTL %d, %v; want %v and %d", describe(sent), MAC(sent[:6]), h.ttl, err, test.to, test.ttl)
				}
				if test.icmp >= 0 {
					if layers.CreateICMPv4TypeCode(payload[0], payload[1]) != layers.CreateICMPv4TypeCode(uint8(test.icmp), 0) || h.dst != farIP {
						v.Errorf("sent %s, want ICMP type %d, code 0, to %v", describe(sent), test.icmp, farIP)
					}
					return
				}
				want, data, _ := parsedIPv4(test.frame[etherHeaderLen:])
				if h.src != want.src || h.dst != want.dst || h.protocol != want.protocol || h.id != want.id || string(payload) != string(data) {
					v.Errorf("sent %s: something other than the TTL and the checksum has changed", describe(sent))
				}
			})
		})
	}
}
