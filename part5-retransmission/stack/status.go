package stack

import (
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
)

// StatusPage is what a web server may tell a peer: about the connection that brought its request,
// what the tables have of that peer, and how much else there is. Who that is would be nobody's business.
func (s *Stack) StatusPage(c *Conn) string {
	peer := c.remote().Addr()
	return fmt.Sprintf("This page came over a connection whose TCB is now\n\n%s\n(It was written before any of its own bytes were sent.)\n\nTCP\n\n%s\nARP\n\n%s\nFrames\n\n%s",
		c.Status(), s.TCPStatus(peer), s.ARPStatus(peer), s.Summary())
}

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

// maxStatusRows bounds the connections that TCPStatus lists: one peer may have thousands.
const maxStatusRows = 100

// TCPStatus lists the ports on which there are listeners, and the connections with a peer.
// Of all others it tells only how many there are: it is not for him to know with whom we
// talk.
func (s *Stack) TCPStatus(peer netip.Addr) string {
	var rows []string
	others := 0
	s.eachConn(func(c *Conn) {
		if c.remote().Addr() != peer || len(rows) >= maxStatusRows {
			others++
			return
		}
		rows = append(rows, fmt.Sprintf("  %-22s %-22s %-13s %10d %10d\n", c.LocalAddr(), c.RemoteAddr(), c.state, c.snd.text.size, c.rcv.text.size))
	})
	slices.Sort(rows)
	s.mu.Lock()
	ports := slices.Sorted(maps.Keys(s.tcp.listeners))
	timeWaits := len(s.tcp.timeWait.conns)
	s.mu.Unlock()

	var b strings.Builder
	fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", "ours", "peer", "state", "not acked", "not read")
	for _, port := range ports {
		fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", netip.AddrPortFrom(s.ip.Addr(), port), "*", stateListen, "", "")
	}
	b.WriteString(strings.Join(rows, ""))
	if others > 0 {
		fmt.Fprintf(&b, "  and %d more\n", others)
	}
	fmt.Fprintf(&b, "  and %d in %s\n", timeWaits, stateTimeWait)
	return b.String()
}

// eachConn calls f for each connection, with the lock held. It lets the lock go in between,
// so that a frame never waits for more of them than there are frames in a batch, however
// many connections there are. Meanwhile some may come and go: a map in Go permits that.
func (s *Stack) eachConn(f func(c *Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := 0
	for _, c := range s.tcp.conns {
		if seen++; seen%maxBatch == 0 {
			s.mu.Unlock()
			runtime.Gosched() // as in Run, or the lock would be taken again before anybody is awake
			s.mu.Lock()
		}
		f(c)
	}
}

// ARPStatus tells a host what we know of its card, and how many others we know.
func (s *Stack) ARPStatus(ip netip.Addr) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, others := "", len(s.arp.neighbours)
	if n := s.arp.neighbours[ip]; n != nil {
		text, others = fmt.Sprintf("  %-15v is at %v  %s\n", ip, n.mac, n.state), others-1
	}
	if others > 0 {
		text += fmt.Sprintf("  and %d more\n", others)
	}
	return text
}
