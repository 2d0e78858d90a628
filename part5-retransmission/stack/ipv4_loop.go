package stack

import "errors"

// What we send to our own address comes back in without having been on the cable. It
// waits until whoever sent it has let the lock go. Handled at once, it would change things
// in the middle of the call that sent it, and a ping of ourselves, whose answer we send,
// and receive, would go deeper and deeper.
//
// Only that one address leads here. The block 127, "Internal host loopback address.
// Addresses of this form MUST NOT appear outside a host" (RFC 1122 3.2.1.3), belongs to an
// interface that we do not have: as on Linux when lo is down, it cannot be reached.

// maxLooped bounds the datagrams that wait. Linux lets as many wait
// (net.core.netdev_max_backlog), and drops what is more, too.
const maxLooped = 1000

var errLoopFull = errors.New("IPv4: too many datagrams to ourselves wait")

// loopQueue holds datagrams that we have sent to ourselves.
type loopQueue struct {
	waiting []*packet
	timer   *timer // runs while any wait, without delay: what it calls has the lock for itself
}

func (s *Stack) initLoop() { s.ipv4.loop.timer = newTimer(&s.mu, s.receiveLooped) }

func (s *Stack) closeLoop() {
	s.ipv4.loop.timer.stop()
	s.ipv4.loop.waiting = nil
}

// sendToSelf sends a datagram to ourselves. p is given back when it has arrived.
func (s *Stack) sendToSelf(p *packet) {
	q := &s.ipv4.loop
	if s.closed || len(q.waiting) >= maxLooped {
		s.freePacket(p)
		s.drop(errLoopFull)
		return
	}
	if s.trace {
		s.note("to ourselves: %s", describeDatagram(p.bytes()))
	}
	q.waiting = append(q.waiting, p)
	q.timer.start(0)
}

// takeLooped returns up to max datagrams that wait. The rest is for another time.
func (s *Stack) takeLooped(max int) []*packet {
	q := &s.ipv4.loop
	n := min(max, len(q.waiting))
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	if len(q.waiting) > 0 {
		q.timer.start(0)
	}
	return batch
}

// arrivesFromSelf is receiveIPv4 for what never left: of its addresses we are sure.
func (s *Stack) arrivesFromSelf(b []byte) error {
	var h ipv4Header
	payload, err := h.parse(b)
	if err != nil {
		return err
	}
	return s.takeDatagram(&h, payload)
}
