package stack

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

const (
	// "A mechanism to prevent ARP flooding (repeatedly sending an ARP Request for
	// the same IP address, at a high rate) MUST be included. The recommended
	// maximum rate is 1 per second per destination." (RFC 1122 2.3.2.1)
	arpInterval = time.Second

	// arpQuestions is how many go out before the neighbour is given up. Of
	// unicast polls "typically N is 2" (RFC 1122 2.3.2.1); one more costs nothing.
	arpQuestions = 3

	// "The link layer SHOULD save (rather than discard) at least one (the latest) packet of
	// each set of packets destined to the same unresolved IP address" (RFC 1122 2.3.2.2).
	// They may be the fragments of one datagram: 65,535 bytes make 45 of them.
	arpMaxWaiting    = 64
	arpMaxWaitingAll = 256 // over all neighbours, so at most 400 kB at an MTU of 1500
)

// Reasons why a packet for a neighbour is dropped.
var (
	errARPNoAnswer = fmt.Errorf("%w: %w", newDropReason("no answer to ARP"), syscall.EHOSTUNREACH)
	errARPWaiting  = fmt.Errorf("%w: %w", newDropReason("ARP: too many packets wait for an answer"), syscall.ENOBUFS)
	errARPAsking   = fmt.Errorf("%w: %w", newDropReason("ARP: too many neighbours have not answered yet"), syscall.EHOSTUNREACH)
)

// waitingPacket is a packet that waits until we know where to send it.
type waitingPacket struct {
	etherType uint16
	p         *packet
}

// resolve sends p to the neighbour ip: at once if its MAC is known, otherwise
// when it has answered. If it never does, p is dropped.
func (s *Stack) resolve(ip netip.Addr, etherType uint16, p *packet) {
	n, err := s.useNeighbour(ip)
	switch {
	case err != nil:
		s.dropPacket(waitingPacket{etherType, p}, err)
	case n.state == neighbourIncomplete:
		s.wait(n, waitingPacket{etherType, p})
	default:
		s.sendFrame(n.mac, etherType, p)
	}
}

// useNeighbour returns the row of the table for ip. If there is none, it makes
// one and asks. When too many have not answered, it refuses, rather than forget
// one of them: it could be asked again too soon.
func (s *Stack) useNeighbour(ip netip.Addr) (*neighbour, error) {
	n := s.arp.neighbours[ip]
	if n == nil {
		if s.closed {
			return nil, errClosed
		}
		if s.arp.asking >= arpMaxAsked {
			return nil, errARPAsking
		}
		n = s.newNeighbour(ip)
		s.ask(n)
	}
	n.used = s.arp.tick()
	return n, nil
}

// ask sends a question for n's MAC. If we knew it, the question goes to that card alone,
// while packets go on flowing: RFC 1122 2.3.2.1 calls this a unicast poll. Otherwise the
// question goes to all.
func (s *Stack) ask(n *neighbour) {
	state, dst := neighbourIncomplete, broadcastMAC
	if n.state == neighbourReachable || n.state == neighbourProbe {
		state, dst = neighbourProbe, n.mac
	}
	s.setState(n, state)
	n.asked++
	n.timer.start(arpInterval)
	s.sendARP(dst, arpRequest, MAC{}, n.ip)
}

// wait keeps w until n has answered. When there is no room, the oldest packet for n is
// dropped, as the latest is the one most likely still wanted; if too many wait for all
// neighbours together, the oldest for the neighbour with the most.
func (s *Stack) wait(n *neighbour, w waitingPacket) {
	switch {
	case len(n.waiting) >= arpMaxWaiting:
		s.dropOldest(n)
	case s.arp.waiting >= arpMaxWaitingAll:
		s.dropOldest(s.arp.longestQueue())
	}
	n.waiting = append(n.waiting, w)
	s.arp.waiting++
}

func (s *Stack) dropOldest(n *neighbour) {
	oldest := n.waiting[0]
	n.waiting = append(n.waiting[:0], n.waiting[1:]...)
	s.arp.waiting--
	s.dropPacket(oldest, errARPWaiting)
}

func (t *arpTable) longestQueue() *neighbour {
	var longest *neighbour
	for _, n := range t.neighbours {
		if longest == nil || len(n.waiting) > len(longest.waiting) {
			longest = n
		}
	}
	return longest
}

// sendWaiting sends what has waited for n.
func (s *Stack) sendWaiting(n *neighbour) {
	waiting := n.waiting
	n.waiting = nil
	s.arp.waiting -= len(waiting)
	for _, w := range waiting {
		s.sendFrame(n.mac, w.etherType, w.p)
	}
}

// dropWaiting drops what has waited for n in vain.
func (s *Stack) dropWaiting(n *neighbour, reason error) {
	waiting := n.waiting
	n.waiting = nil
	s.arp.waiting -= len(waiting)
	for _, w := range waiting {
		s.dropPacket(w, reason)
	}
}

// dropPacket drops a packet that cannot be sent.
func (s *Stack) dropPacket(w waitingPacket, reason error) {
	s.drop(reason)
	s.unsent(w.etherType, w.p.bytes(), reason)
	s.freePacket(w.p)
}

// Resolve returns the MAC address of the neighbour ip. It asks if the table does not have
// it, three times, a second apart. The error wraps syscall.EHOSTUNREACH if there is no
// answer, syscall.ENETUNREACH if ip is not on this link, net.ErrClosed if the stack is
// closed, or it is ctx's.
func (s *Stack) Resolve(ctx context.Context, ip netip.Addr) (MAC, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return MAC{}, errClosed
	case ctx.Err() != nil:
		return MAC{}, ctx.Err()
	case !isNeighbour(s.ip, ip):
		return MAC{}, fmt.Errorf("%v is not a neighbour's address on %v: %w", ip, s.ip.Masked(), syscall.ENETUNREACH)
	}
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.arp.changed.Broadcast()
	})
	defer stop()
	n, err := s.useNeighbour(ip)
	if err != nil {
		return MAC{}, err
	}
	for n.state == neighbourIncomplete && ctx.Err() == nil {
		s.arp.changed.Wait()
	}
	switch {
	case n.failed != nil:
		return MAC{}, fmt.Errorf("who has %v? asked %d times: %w", ip, n.asked, n.failed)
	case n.state == neighbourIncomplete:
		return MAC{}, fmt.Errorf("who has %v? %w", ip, ctx.Err())
	}
	return n.mac, nil
}
