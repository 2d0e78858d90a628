package stack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

var farIP = netip.MustParseAddr("192.0.2.7") // somebody behind the gateway (RFC 5737)

var (
	ipv4From, ipv4To, ipv4Frame       = suite.IPv4From, suite.IPv4To, suite.IPv4Frame
	icmpBytes, echoRequest, serialize = suite.ICMP, suite.Echo, suite.Serialize
)

// meet makes the stack learn the peer's MAC, so that nothing waits for ARP.
func (b *bench) meet() {
	b.Helper()
	b.Send(request(peerMAC, peerIP, ourIP))
	b.Take()
}

// sendIPv4 sends us a datagram.
func (b *bench) sendIPv4(ip *layers.IPv4, payload []byte) {
	b.Helper()
	b.Send(ipv4Frame(ip, payload))
}

// parsedIPv4 returns what parse reads, for tests that want it in one piece.
func parsedIPv4(b []byte) (h ipv4Header, payload []byte, err error) {
	payload, err = h.parse(b)
	return h, payload, err
}

// askers are datagrams that we would answer if their addresses were good. Each protocol adds its own.
var askers = map[string]func() []byte{}

func rechecksum(header []byte) {
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], checksum(header))
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

func (s *Stack) checkIPv4(t *testing.T) {
	if n := len(s.ipv4.reassemblies); n > maxReassemblies {
		t.Errorf("%d reassemblies, at most %d", n, maxReassemblies)
	}
	for key, r := range s.ipv4.reassemblies {
		if r.key != key || r.timer.due.IsZero() {
			t.Errorf("%v has no timer running and would stay for ever", key)
		}
		if len(r.data) > ipv4MaxLen || r.total > len(r.data) && !r.dead || r.count(0, maxFragmentUnits-1) != r.units {
			t.Errorf("%v: %d bytes, total %d, %d units", key, len(r.data), r.total, r.units)
		}
		if r.dead && r.data != nil {
			t.Errorf("%v is dead and keeps its data", key)
		}
		if r.complete() && !r.dead {
			t.Errorf("%v is complete and still there", key)
		}
	}
	s.checkLoop(t)
	s.checkUDP(t)
	if s.icmp.errors.used > icmpBurst {
		t.Errorf("%d ICMP errors at once", s.icmp.errors.used)
	}
}

// checkLoop checks that what waits is bounded, and that somebody will come for it.
func (s *Stack) checkLoop(t *testing.T) {
	n := len(s.ipv4.loop.waiting)
	if n > maxLooped || n > 0 && s.ipv4.loop.timer.due.IsZero() {
		t.Errorf("%d datagrams to ourselves wait, at most %d may, and each for the timer", n, maxLooped)
	}
}

func (s *Stack) checkUDP(t *testing.T) {
	for port, u := range s.udp.sockets {
		queued := 0
		for _, d := range u.queue {
			queued += d.size()
		}
		if u.port != port || port == 0 || u.closed != nil {
			t.Errorf("port %d has a socket with the port %d, closed: %v", port, u.port, u.closed)
		}
		if queued != u.queued || queued > maxUDPQueue {
			t.Errorf("port %d: %d bytes wait, counted %d, at most %d", port, queued, u.queued, maxUDPQueue)
		}
		if len(u.errors) > maxUDPErrors {
			t.Errorf("port %d: %d errors wait", port, len(u.errors))
		}
	}
}
