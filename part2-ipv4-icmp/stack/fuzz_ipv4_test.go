package stack

import (
	"bytes"
	"testing"

	"framebyframe/shared/suite"
)

// FuzzDatagrams feeds the whole way up with datagrams whose checksums are right, as
// random bytes would nearly never be, in an order that a program chooses. Nothing
// may panic, no invariant break, and nothing that belongs to Run be changed or kept.
func FuzzDatagrams(f *testing.F) {
	message := echoRequest(1, pattern(3000))
	cut := func(frame []byte) []byte { return frame[etherHeaderLen:] }
	f.Add(cut(ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(56)))),
		cut(withOptions(unhex("01 07 27 08 0a000001"+zeros(32)))), []byte{0})
	f.Add(cut(fragment(1, message, piece{0, 1480, true})), cut(fragment(1, message, piece{2960, 3008, false})), []byte{3, 7, 1})
	f.Add(cut(withOptions(unhex("44 0c 05 01 00000000 00000000"))),
		cut(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 4, 0, 1400, cut(suite.CapturedIPv4)))), []byte{5})
	f.Add(cut(withOptions(unhex("82 03 00 94 04 00 00 07 01 00"))), cut(withOptions(unhex("83 07 04 0a000004 00"))), []byte{7})
	captured := suite.CapturedPayloads(f, etherHeaderLen, suite.IsIPv4)
	for i := range captured[1:] {
		f.Add(captured[i], captured[i+1], []byte{1})
	}
	f.Fuzz(func(t *testing.T, first, second, program []byte) {
		if len(first) > 1500 || len(second) > 1500 || len(program) > 64 {
			return
		}
		s := New(nullDevice{}, testConfig(&suite.Log{}))
		defer s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.icmp.echoes.waits[echoKey{peerIP, 1}] = &echoWait{data: []byte("x"), done: func(EchoReply, error) {}}
		if len(program) > 0 && program[0]&1 == 1 {
			s.receiveFrame(request(peerMAC, peerIP, ourIP))
		}
		for _, step := range append([]byte{0, 1, 0}, program...) {
			datagram := bytes.Clone(first)
			if step&1 == 1 {
				datagram = bytes.Clone(second)
			}
			if len(datagram) > 8 { // another offset, or MF
				datagram[7] ^= step >> 2
				datagram[6] ^= step & 2 << 4
			}
			s.feed(t, fixDatagram(datagram))
		}
		for _, n := range s.arp.neighbours {
			s.neighbourTimeout(n)
			break
		}
		for _, r := range s.ipv4.reassemblies {
			s.reassemblyTimedOut(r)
		}
		s.checkInvariants(t)
	})
}
