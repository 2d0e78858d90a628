package stack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// FuzzUDP feeds a stack that has sockets with datagrams whose ports a program chooses: for us or
// for all, with options, whole or in pieces; and errors about what was sent. Nothing may panic, no
// invariant break, and what is read is what gopacket has put in.
func FuzzUDP(f *testing.F) {
	f.Add([]byte("hello\n"), []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add(pattern(1472), []byte{9, 0, 9, 17, 0})
	f.Add([]byte{}, []byte{4, 4, 4, 12, 0x80, 0x81})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		if len(data) > 1400 || len(program) > 64 {
			return
		}
		s := New(nullDevice{}, testConfig(&suite.Log{}))
		defer s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for port := uint16(1); port < 4; port++ {
			u, err := s.openUDP(port)
			if err != nil {
				t.Fatal(err)
			}
			u.broadcast = port == 2
		}
		for _, step := range program {
			to := netip.AddrPortFrom(ourIP, uint16(step&3)) // nobody has port 0
			if step&4 != 0 {
				to = netip.AddrPortFrom(toAll, to.Port())
			}
			whole := udpBytes(client, to, data)
			ip := ipv4From(peerIP, protocolUDP)
			ip.DstIP = to.Addr().AsSlice()
			switch {
			case step&0xc0 == 0x80: // an error about what one of them has sent
				_ = s.udp.sockets[2].send(Datagram{Peer: client, Data: data})
				from := netip.AddrPortFrom(ourIP, uint16(step&3))
				quote := ipv4Frame(&layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP, SrcIP: ourIP.AsSlice(), DstIP: peerIP.AsSlice()},
					udpBytes(from, client, nil))[etherHeaderLen:]
				s.feed(t, ipv4Frame(ipv4From(farIP, protocolICMP), icmpBytes(step>>2&15, step&7, 0, 0, quote))[etherHeaderLen:])
			case step&8 != 0: // any bytes
				s.feed(t, ipv4Frame(ip, data)[etherHeaderLen:])
			case step&16 != 0 && len(data) >= 8: // in two pieces, the later one first
				cut := (len(data)/2 + udpHeaderLen) / 8 * 8
				ip.FragOffset = uint16(cut / 8)
				s.feed(t, ipv4Frame(ip, whole[cut:])[etherHeaderLen:])
				ip.FragOffset, ip.Flags = 0, layers.IPv4MoreFragments
				s.feed(t, ipv4Frame(ip, whole[:cut])[etherHeaderLen:])
			case step&32 != 0: // options, good and bad ones
				s.feed(t, replaceHeader(ipv4Frame(ip, whole), binary.BigEndian.AppendUint32(nil, uint32(step)<<24|0x04000000>>(step&31)))[etherHeaderLen:])
			default:
				s.feed(t, ipv4Frame(ip, whole)[etherHeaderLen:])
			}
		}
		for port, u := range s.udp.sockets {
			for len(u.queue) > 0 {
				d := u.next()
				if d.Peer == client && !bytes.Equal(d.Data, data) {
					t.Fatalf("port %d: read % x, want % x", port, d.Data, data)
				}
				if d.Local == toAll && port != 2 {
					t.Fatalf("port %d takes a broadcast", port)
				}
			}
		}
		s.checkInvariants(t)
	})
}
