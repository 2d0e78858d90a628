package stack

// packet is a frame under construction. It grows from the inside out: the
// payload comes first, at the end of the buffer, and each layer on the way down
// pushes its header in front. Nothing that is there already has to move.
//
//	buf
//	+----------------------+--------+---------+
//	|       headroom       | header | payload |
//	+----------------------+--------+---------+
//	                       ^ head
//
// A packet has one owner at a time. A function that is handed one either hands it on or
// gives it back with freePacket.
type packet struct {
	buf  []byte
	head int
}

// headroom is the room in front of a payload: Ethernet's header has 14 bytes,
// IPv4's and TCP's at most 60 each.
const headroom = 14 + 60 + 60

// maxFreePackets is how many buffers are kept for later. More are in use at the
// same time only while packets wait for an answer to ARP.
const maxFreePackets = 64

// bytes returns the packet as far as it has been built.
func (p *packet) bytes() []byte { return p.buf[p.head:] }

// push puts n bytes in front of the packet and returns them, for a header to be
// written there. Their contents are undefined.
func (p *packet) push(n int) []byte {
	p.head -= n
	return p.buf[p.head : p.head+n]
}

// newPacket returns a packet of n bytes, to be filled in, with headroom in
// front. Its contents are undefined. Buffers are used again and again, so that
// sending a frame costs no allocation.
func (s *Stack) newPacket(n int) *packet {
	if n > s.mtu { // rare: a datagram that will be cut into fragments
		return &packet{buf: make([]byte, headroom+n), head: headroom}
	}
	if len(s.freePackets) == 0 {
		s.freePackets = append(s.freePackets, &packet{buf: make([]byte, headroom+s.mtu)})
	}
	last := len(s.freePackets) - 1
	p := s.freePackets[last]
	s.freePackets = s.freePackets[:last]
	p.head = len(p.buf) - n
	return p
}

// freePacket gives p back. It must not be used afterwards.
func (s *Stack) freePacket(p *packet) {
	if len(p.buf) == headroom+s.mtu && len(s.freePackets) < maxFreePackets {
		s.freePackets = append(s.freePackets, p)
	}
}
