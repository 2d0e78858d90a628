package stack

import (
	"errors"
	"fmt"
	"time"
)

// What stands between the time and the words of a trace line.
const (
	traceIn      = "<- " // a frame came in
	traceOut     = "-> " // a frame went out
	traceLostIn  = "x- " // a fault on the cable hit a frame for us
	traceLostOut = "-x " // a fault on the cable hit a frame of ours
	traceNote    = "   " // something about the frame above, or a change of state
)

// Describe says what a frame is, in tcpdump's words.
func Describe(frame []byte) string {
	h, payload, err := parseEther(frame)
	if err == nil {
		switch h.etherType {
		case etherTypeARP:
			return describeARP(payload)
		case etherTypeIPv4:
			return describeDatagram(payload)
		}
		return fmt.Sprintf("%v > %v, ethertype 0x%04x, length %d", h.src, h.dst, h.etherType, len(frame))
	}
	return fmt.Sprintf("[%v], length %d", err, len(frame))
}

// describeDatagram says what an IPv4 datagram is, in tcpdump's words.
func describeDatagram(b []byte) string {
	var h ipv4Header
	payload, err := h.parse(b)
	switch {
	case err != nil && !errors.Is(err, errIPv4Checksum):
		return describeBadIPv4(b, err)
	case err != nil:
		return describeIPv4(h) + " [" + err.Error() + "]"
	case h.offset > 0:
		return describeIPv4(h) + describeProtocol(h, payload)
	case h.protocol == protocolICMP:
		return describeIPv4(h) + describeICMP(payload)
	case h.protocol == protocolUDP:
		return describeUDP(h, payload)
	}
	return describeIPv4(h) + describeProtocol(h, payload)
}

// traceFrame traces a frame. Without a trace nothing is formatted.
func (s *Stack) traceFrame(arrow string, frame []byte) {
	if s.trace {
		s.writeLine(arrow, "%s", Describe(frame))
	}
}

// traceLooped traces a datagram to ourselves, which no cable shows.
func (s *Stack) traceLooped(datagram []byte) {
	if s.trace {
		s.note("to ourselves: %s", describeDatagram(datagram))
	}
}

// note traces something other than a frame.
func (s *Stack) note(format string, args ...any) {
	if s.trace {
		s.writeLine(traceNote, format, args...)
	}
}

// warn writes something that the owner of this host should know, trace or not. Callers make
// sure that no one on the cable can make them warn often.
func (s *Stack) warn(format string, args ...any) {
	s.writeLine(traceNote, "warning: "+format, args...)
}

// writeLine writes a line to the log, which never blocks.
func (s *Stack) writeLine(arrow, format string, args ...any) {
	if s.log == nil {
		return
	}
	s.line = appendLine(s.line[:0], arrow, format, args...)
	_, _ = s.log.Write(s.line) // a log that fails must not keep us from answering
}

// appendLine appends a trace line to b: the time, the arrow and the words.
func appendLine(b []byte, arrow, format string, args ...any) []byte {
	b = time.Now().AppendFormat(b, "15:04:05.000000 ")
	b = append(b, arrow...)
	b = fmt.Appendf(b, format, args...)
	return append(b, '\n')
}

// Event is something that has happened in a stack: one of the types of this package that say
// so. They are plain values, and String is what the trace says of them.
type Event interface{ String() string }

// Observe has f called with each event from now on, when it happens, and no other function
// any more; nil ends it. f is called with the stack's lock held: it must not wait, nor call
// the stack's methods.
func (s *Stack) Observe(f func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observer = f
}

// observed reports whether anybody wants to know of events. What is told to nobody need not
// be put together.
func (s *Stack) observed() bool { return s.trace || s.observer != nil }

// tell tells the trace and the observer of an event.
func (s *Stack) tell(e Event) {
	s.note("%v", e)
	if s.observer != nil {
		s.observer(e)
	}
}

// Dropped is the event that a frame, or a packet, was dropped.
type Dropped struct {
	Reason string `json:"reason"` // one of those that Info counts
	Err    error  `json:"-"`      // the same, perhaps with an error number for the sender
}

func (e Dropped) String() string { return "dropped: " + e.Err.Error() }
