package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Status is the RFC's STATUS call (3.10.6): the variables of the TCB. Sequence numbers
// are counted from the start of the stream, as in the trace.
func (c *Conn) Status() string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var b strings.Builder
	line := func(name string, value any, what string) { fmt.Fprintf(&b, "  %-12s %12v  %s\n", name, value, what) }
	fmt.Fprintf(&b, "  %v:%d - %v\n", c.s.ip.Addr(), c.key.localPort, c.remote())
	line("state", c.state, "")
	line("SND.UNA", c.snd.una-c.snd.iss, "the oldest that the peer has not acknowledged")
	line("SND.NXT", c.snd.nxt-c.snd.iss, "the next that we send")
	line("SND.WND", c.snd.wnd, "how many the peer takes, from SND.UNA on")
	line("Eff.snd.MSS", c.effSndMSS(), "data in one segment, at most")
	line("send buffer", c.snd.text.size, "bytes that are not acknowledged, or not sent")
	line("RCV.NXT", c.rcv.nxt-c.rcv.irs, "the next that we expect")
	line("RCV.WND", c.rcv.wnd, "how many we take, from RCV.NXT on")
	line("RCV.USER", c.readable(), "bytes that nobody has read")
	line("scales", fmt.Sprintf("%d, %d", c.snd.shift, c.rcv.shift), "bits by which the peer's windows are shifted, and ours")
	return b.String()
}

// TCPStatus lists the connections and the ports on which there are listeners.
func (s *Stack) TCPStatus() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", "ours", "peer", "state", "not acked", "not read")
	for _, port := range slices.Sorted(maps.Keys(s.tcp.listeners)) {
		l := s.tcp.listeners[port]
		fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", l.Addr(), "*", stateListen, "", "")
	}
	compare := func(a, b *Conn) int { return a.remote().Compare(b.remote()) }
	for _, c := range slices.SortedFunc(maps.Values(s.tcp.conns), compare) {
		fmt.Fprintf(&b, "  %-22s %-22s %-13s %10d %10d\n", c.LocalAddr(), c.RemoteAddr(), c.state, c.snd.text.size, c.rcv.text.size)
	}
	fmt.Fprintf(&b, "  and %d in %s\n", len(s.tcp.timeWait.conns), stateTimeWait)
	return b.String()
}
