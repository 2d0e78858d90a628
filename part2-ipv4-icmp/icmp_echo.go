package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// EchoReply is the answer to an echo request.
type EchoReply struct {
	Bytes int           // of the ICMP message
	TTL   uint8         // what is left of it: 64 less the routers on the way, most often
	RTT   time.Duration // round-trip time
}

// errEchoBusy is what a caller gets who asks what is being asked already.
var errEchoBusy = errors.New("this sequence number is in use")

// echoKey tells echo requests from each other.
type echoKey struct {
	dst netip.Addr
	seq uint16
}

// echoWait is an echo request that waits for its reply.
type echoWait struct {
	data []byte
	sent time.Time
	done func(EchoReply, error) // called with the lock held, once
}

// echoTable holds the echo requests that wait for their replies.
type echoTable struct {
	id    uint16 // our Identifier
	waits map[echoKey]*echoWait
}

func (s *Stack) initEcho() {
	s.icmp.echoes.id = uint16(s.random32())
	s.icmp.echoes.waits = make(map[echoKey]*echoWait)
}

func (s *Stack) closeEcho() {
	for key := range s.icmp.echoes.waits {
		s.endEcho(key, EchoReply{}, errClosed)
	}
}

// Ping sends an echo request with the data and waits for the reply, or until ctx
// ends. No two callers may use the same dst and seq at a time. The error wraps
// syscall.EHOSTUNREACH and its like if somebody, or ARP, says why there will be
// no reply, net.ErrClosed if the stack is closed, or it is ctx's.
func (s *Stack) Ping(ctx context.Context, dst netip.Addr, seq uint16, data []byte) (EchoReply, error) {
	type result struct {
		reply EchoReply
		err   error
	}
	c := make(chan result, 1)
	if err := s.SendEcho(dst, seq, data, func(reply EchoReply, err error) { c <- result{reply, err} }); err != nil {
		return EchoReply{}, err
	}
	select {
	case r := <-c:
		return r.reply, r.err
	case <-ctx.Done():
		s.ForgetEcho(dst, seq)
		return EchoReply{}, ctx.Err()
	}
}

// SendEcho sends an echo request and has done called with the reply, or with the
// reason why there will be none, unless ForgetEcho is called before. done must not
// wait and not use the stack. The error tells why nothing was sent.
func (s *Stack) SendEcho(dst netip.Addr, seq uint16, data []byte, done func(EchoReply, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := echoKey{dst, seq}
	switch {
	case s.closed:
		return errClosed
	case s.icmp.echoes.waits[key] != nil:
		return fmt.Errorf("ping %v: %w", dst, errEchoBusy)
	}
	s.icmp.echoes.waits[key] = &echoWait{data: data, sent: time.Now(), done: done}
	request := icmpMessage{typ: icmpEcho, rest: echoRest(s.icmp.echoes.id, seq)}
	if err := s.sendICMP(ipv4Header{dst: dst}, request, data); err != nil {
		delete(s.icmp.echoes.waits, key)
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

// ForgetEcho gives up waiting for a reply.
func (s *Stack) ForgetEcho(dst netip.Addr, seq uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.icmp.echoes.waits, echoKey{dst, seq})
}

// receiveEchoReply hands a reply to the one who waits for it.
func (s *Stack) receiveEchoReply(h *ipv4Header, m icmpMessage) error {
	key := echoKey{h.src, m.seq()}
	wait := s.icmp.echoes.waits[key]
	if wait == nil || m.id() != s.icmp.echoes.id || !bytes.Equal(m.data, wait.data) {
		return errICMPUnasked
	}
	s.endEcho(key, EchoReply{Bytes: icmpHeaderLen + len(m.data), TTL: h.ttl, RTT: time.Since(wait.sent)}, nil)
	return nil
}

// echoFailed tells the one who waits for a reply that none will come. payload is
// the beginning of the request, as somebody quoted it. The error is nil if there
// was such a one.
func (s *Stack) echoFailed(h ipv4Header, payload []byte, reason error) error {
	m, err := parseICMPHeader(payload)
	key := echoKey{h.dst, m.seq()}
	if err != nil || m.typ != icmpEcho || m.id() != s.icmp.echoes.id || s.icmp.echoes.waits[key] == nil {
		return errICMPUnwanted
	}
	s.endEcho(key, EchoReply{}, reason)
	return nil
}

func (s *Stack) endEcho(key echoKey, reply EchoReply, err error) {
	wait := s.icmp.echoes.waits[key]
	delete(s.icmp.echoes.waits, key)
	wait.done(reply, err)
}
