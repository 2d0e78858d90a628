package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// EchoReply is the answer to an echo request.
type EchoReply struct {
	Bytes int           // of the ICMP message
	TTL   uint8         // what is left of it: 64 less the routers on the way, most often
	RTT   time.Duration // round-trip time
}

// echoKey tells echo requests from each other.
type echoKey struct {
	dst netip.Addr
	seq uint16
}

// echoWait is a caller of Ping.
type echoWait struct {
	data  []byte
	sent  time.Time
	reply EchoReply
	err   error
	done  bool
}

// echoTable holds the echo requests that wait for their replies.
type echoTable struct {
	id      uint16 // our Identifier
	waits   map[echoKey]*echoWait
	changed sync.Cond // signalled when one is done
}

func (s *Stack) initEcho() {
	s.icmp.echoes.id = uint16(s.random32())
	s.icmp.echoes.waits = make(map[echoKey]*echoWait)
	s.icmp.echoes.changed.L = &s.mu
}

// Ping sends an echo request with the data and waits for the reply, or until ctx
// ends. No two callers may use the same dst and seq at a time. The error wraps
// syscall.EHOSTUNREACH and its like if somebody, or ARP, says why there will be
// no reply, net.ErrClosed if the stack is closed, or it is ctx's.
func (s *Stack) Ping(ctx context.Context, dst netip.Addr, seq uint16, data []byte) (EchoReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return EchoReply{}, errClosed
	}
	echoes := &s.icmp.echoes
	key, wait := echoKey{dst, seq}, &echoWait{data: data, sent: time.Now()}
	if echoes.waits[key] != nil {
		return EchoReply{}, fmt.Errorf("ping %v: seq %d is in use", dst, seq)
	}
	echoes.waits[key] = wait
	defer delete(echoes.waits, key)
	request := icmpMessage{typ: icmpEcho, rest: echoRest(echoes.id, seq)}
	if err := s.sendICMP(ipv4Header{dst: dst}, request, data); err != nil {
		return EchoReply{}, fmt.Errorf("ping: %w", err)
	}
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		echoes.changed.Broadcast()
	})
	defer stop()
	for !wait.done && !s.closed && ctx.Err() == nil {
		echoes.changed.Wait()
	}
	switch {
	case wait.done:
		return wait.reply, wait.err
	case s.closed:
		return EchoReply{}, errClosed
	}
	return EchoReply{}, ctx.Err()
}

// receiveEchoReply hands a reply to the one who waits for it.
func (s *Stack) receiveEchoReply(h ipv4Header, m icmpMessage) error {
	wait := s.icmp.echoes.waits[echoKey{h.src, m.seq()}]
	if wait == nil || wait.done || m.id() != s.icmp.echoes.id || !bytes.Equal(m.data, wait.data) {
		return errICMPUnasked
	}
	wait.reply = EchoReply{Bytes: icmpHeaderLen + len(m.data), TTL: h.ttl, RTT: time.Since(wait.sent)}
	s.endEcho(wait)
	return nil
}

// echoFailed tells the one who waits for a reply that none will come. payload is
// the beginning of the request, as somebody quoted it.
func (s *Stack) echoFailed(h ipv4Header, payload []byte, reason error) {
	m, err := parseICMPHeader(payload)
	if err != nil || m.typ != icmpEcho || m.id() != s.icmp.echoes.id {
		return
	}
	if wait := s.icmp.echoes.waits[echoKey{h.dst, m.seq()}]; wait != nil && !wait.done {
		wait.err = reason
		s.endEcho(wait)
	}
}

func (s *Stack) endEcho(wait *echoWait) {
	wait.done = true
	s.icmp.echoes.changed.Broadcast()
}
