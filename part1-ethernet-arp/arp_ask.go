package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

const (
	// "A mechanism to prevent ARP flooding (repeatedly sending an ARP Request for
	// the same IP address, at a high rate) MUST be included. The recommended
	// maximum rate is 1 per second per destination." (RFC 1122 2.3.2.1)
	arpInterval  = time.Second
	arpQuestions = 3 // then the neighbour is given up

	// "The link layer SHOULD save (rather than discard) at least one (the latest)
	// packet of each set of packets destined to the same unresolved IP address"
	// (RFC 1122 2.3.2.2). One neighbour's may be all fragments of one datagram:
	// 65,535 bytes make 45 of them.
	arpMaxWaiting    = 64
	arpMaxWaitingAll = 256 // over all neighbours, so at most 400 kB at an MTU of 1500
)

// Reasons why a packet for a neighbour is dropped.
var (
	errARPNoAnswer = fmt.Errorf("no answer to ARP: %w", syscall.EHOSTUNREACH)
	errARPWaiting  = errors.New("ARP: too many packets wait for an answer")
)

// waitingPacket is a packet that waits until we know where to send it.
type waitingPacket struct {
	etherType uint16
	p         *packet
}

// resolve sends p to the neighbour ip: at once if its MAC is known, otherwise
// when it has answered. If it never does, p is dropped.
func (s *Stack) resolve(ip netip.Addr, etherType uint16, p *packet) {
	n := s.useNeighbour(ip)
	if n.state == stateIncomplete {
		s.wait(n, waitingPacket{etherType, p})
		return
	}
	s.sendFrame(n.mac, etherType, p)
}

// useNeighbour returns the row of the table for ip. If there is none, it makes
// one and asks.
func (s *Stack) useNeighbour(ip netip.Addr) *neighbour {
	n := s.arp.neighbours[ip]
	if n == nil {
		if s.arp.asking >= arpMaxAsked {
			s.removeNeighbour(s.arp.leastUsed(func(n *neighbour) bool { return n.state == stateIncomplete }), stateNone)
		}
		n = s.newNeighbour(ip)
		s.ask(n)
	}
	n.used = s.arp.tick()
	return n
}

// ask sends a question for n's MAC. If we knew it, the question goes to that
// card alone, while packets go on flowing: RFC 1122 2.3.2.1 calls this a
// unicast poll. Otherwise everybody is asked.
func (s *Stack) ask(n *neighbour) {
	state, dst := stateIncomplete, broadcastMAC
	if n.state == stateReachable || n.state == stateProbe {
		state, dst = stateProbe, n.mac
	}
	if n.state != state {
		s.note("ARP: %v: %s -> %s", n.ip, n.state, state)
		s.setState(n, state)
	}
	n.asked++
	n.timer.start(arpInterval)
	s.sendARP(dst, arpRequest, MAC{}, n.ip)
}

// wait keeps w until n has answered. When there is no room, the oldest packet
// for n goes, for the latest is the one that is most likely still wanted.
func (s *Stack) wait(n *neighbour, w waitingPacket) {
	if len(n.waiting) >= arpMaxWaiting || s.arp.waiting >= arpMaxWaitingAll {
		oldest := w
		if len(n.waiting) > 0 {
			oldest = n.waiting[0]
			copy(n.waiting, n.waiting[1:])
			n.waiting[len(n.waiting)-1] = w
		}
		s.freePacket(oldest.p)
		s.drop(errARPWaiting)
		return
	}
	n.waiting = append(n.waiting, w)
	s.arp.waiting++
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
		s.drop(reason)
		s.freePacket(w.p)
	}
}

// Resolve returns the MAC address of the neighbour ip. It asks if the table
// does not have it, three times, a second apart. The error wraps
// syscall.EHOSTUNREACH if nobody answers, syscall.ENETUNREACH if ip is not on
// this link, net.ErrClosed if the stack is closed, or it is ctx's.
func (s *Stack) Resolve(ctx context.Context, ip netip.Addr) (MAC, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return MAC{}, errClosed
	}
	if !s.isNeighbour(ip) {
		return MAC{}, fmt.Errorf("%v is no neighbour's address on %v: %w", ip, s.ip.Masked(), syscall.ENETUNREACH)
	}
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.arp.changed.Broadcast()
	})
	defer stop()
	n := s.useNeighbour(ip)
	for n.state == stateIncomplete && ctx.Err() == nil {
		s.arp.changed.Wait()
	}
	switch {
	case s.closed:
		return MAC{}, errClosed
	case n.state == stateReachable || n.state == stateProbe:
		return n.mac, nil
	case n.state == stateIncomplete:
		return MAC{}, fmt.Errorf("who has %v? %w", ip, ctx.Err())
	}
	return MAC{}, fmt.Errorf("who has %v? asked %d times: %w", ip, n.asked, errARPNoAnswer)
}
