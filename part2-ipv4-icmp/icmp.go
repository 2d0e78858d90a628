package main

import (
	"errors"
	"time"
)

// Reasons why an ICMP message is dropped.
var (
	// "If an ICMP message of unknown type is received, it MUST be silently
	// discarded." (RFC 1122 3.2.2) So is source quench, as RFC 6633 wants; and
	// redirects, against RFC 1122 3.2.2.2 ("a host receiving a Redirect message MUST
	// update its routing information accordingly"): we have one gateway only, and
	// anybody on the link could send us to another one.
	errICMPType      = errors.New("ICMP: nothing here handles this type")
	errICMPUnasked   = errors.New("ICMP: echo reply to what we did not ask")
	errICMPQuote     = errors.New("ICMP: error quotes no datagram of ours")
	errICMPRateLimit = errors.New("ICMP: error not sent, there were too many")
)

// icmpState is what the ICMP layer keeps.
type icmpState struct {
	errors tokenBucket // for the errors that we send
	echoes echoTable   // what we wait for
}

func (s *Stack) initICMP() { s.initEcho() }

func (s *Stack) closeICMP() { s.closeEcho() }

// receiveICMP handles an ICMP message. It returns the reason if it is dropped.
func (s *Stack) receiveICMP(h *ipv4Header, b []byte) error {
	m, err := parseICMP(b)
	if err != nil {
		return err
	}
	switch m.typ {
	case icmpEcho:
		return s.answerEcho(h, m)
	case icmpEchoReply:
		return s.receiveEchoReply(h, m)
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		return s.receiveICMPError(h, m)
	}
	return errICMPType
}

// answerEcho sends back what came. "Data received in an ICMP Echo Request MUST be
// entirely included in the resulting Echo Reply." (RFC 1122 3.2.2.6)
func (s *Stack) answerEcho(h *ipv4Header, m icmpMessage) error {
	options := echoOptions(h.options, s.ip.Addr(), millisOfDay(time.Now()))
	reply := icmpMessage{typ: icmpEchoReply, rest: m.rest}
	err := s.sendICMP(ipv4Header{dst: h.src, tos: h.tos, options: options}, reply, m.data)
	if err != nil {
		return errIPv4NoRouteOut
	}
	return nil
}

// sendICMP puts an ICMP header in front of a copy of data and sends it.
func (s *Stack) sendICMP(h ipv4Header, m icmpMessage, data []byte) error {
	p := s.newPacket(len(data))
	copy(p.bytes(), data)
	p.push(icmpHeaderLen)
	m.put(p.bytes())
	h.protocol = protocolICMP
	return s.sendIPv4(h, p)
}

// millisOfDay returns the milliseconds since midnight UTC (RFC 791, timestamp
// option).
func millisOfDay(t time.Time) uint32 {
	return uint32(t.Sub(t.UTC().Truncate(24*time.Hour)) / time.Millisecond)
}
