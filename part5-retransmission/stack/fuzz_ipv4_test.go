package stack

import (
	"bytes"
	"encoding/binary"
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
		cut(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 4, 0, 1400, cut(capturedIPv4)))), []byte{5})
	f.Add(cut(withOptions(unhex("82 03 00 94 04 00 00 07 01 00"))), cut(withOptions(unhex("83 07 04 0a000004 00"))), []byte{7})
	captured := capturedPayloads(f, etherHeaderLen, isIPv4)
	for i := range captured[1:] {
		f.Add(captured[i], captured[i+1], []byte{1})
	}
	f.Fuzz(func(t *testing.T, first, second, program []byte) {
		if len(first) > 1500 || len(second) > 1500 || len(program) > 64 {
			return
		}
		s := New(nullDevice{}, testConfig(&logBuffer{}))
		defer s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.icmp.echoes.waits[echoKey{peerIP, 1}] = &echoWait{data: []byte("x"), done: func(EchoReply, error) {}}
		if len(program) > 0 && program[0]&1 == 1 {
			s.receiveFrame(capturedRequest)
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

// feed lets the stack receive a datagram, and checks what must hold.
func (s *Stack) feed(t *testing.T, datagram []byte) {
	t.Helper()
	frame := append(unhex("020000000004 02000a000001 0800"), datagram...)
	before := bytes.Clone(frame)
	s.receiveFrame(frame)
	if !bytes.Equal(frame, before) {
		t.Fatal("the frame was changed")
	}
	for i := range frame {
		frame[i] = 0xaa // the next one will be read into the same buffer
	}
	s.checkInvariants(t)
}

// fixDatagram makes a datagram for us of any bytes, with right checksums; some of
// their bits decide what else is put right.
func fixDatagram(b []byte) []byte {
	if len(b) < 20 {
		return b
	}
	b[0] = 0x40 | b[0]&15
	n := int(b[0]&15) * 4
	if n < 20 || n > len(b) {
		return b
	}
	if b[1]&1 == 0 {
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	}
	if b[1]&2 == 0 {
		copy(b[16:20], []byte{10, 0, 0, 4})
	}
	if b[1]&4 == 0 {
		copy(b[12:15], []byte{10, 0, 0})
	}
	if b[1]&8 == 0 {
		b[9] = protocolICMP
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if whole := b[6]&0x3f == 0 && b[7] == 0; whole && b[9] == protocolICMP && length >= n+8 && length <= len(b) {
		message := b[n:length]
		message[2], message[3] = 0, 0
		binary.BigEndian.PutUint16(message[2:], suite.Checksum(message))
	}
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], suite.Checksum(b[:n]))
	return b
}
