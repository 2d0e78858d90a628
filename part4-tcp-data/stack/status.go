package stack

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// StatusPage is what a web server may tell a peer: about the connection that brought its
// request, what the tables have of that peer, and how much else there is. Who else is
// connected is not for the peer to know.
func (s *Stack) StatusPage(c *Conn) string {
	peer := c.remote().Addr()
	return fmt.Sprintf("This page came over a connection whose TCB is now\n\n%s\n(It was written before any of its own bytes were sent.)\n\nTCP\n\n%s\nARP\n\n%s\nFrames\n\n%s",
		c.Status(), s.TCPStatus(peer), s.ARPStatus(peer), s.Summary())
}

// Status returns the variables of the TCB in lines. Sequence numbers are counted from the start
// of the stream, as in the trace.
func (c *Conn) Status() string {
	info := c.Info()
	var b strings.Builder
	line := func(name string, value any, what string) { fmt.Fprintf(&b, "  %-12s %12v  %s\n", name, value, what) }
	fmt.Fprintf(&b, "  %v\n", info.ConnID)
	line("state", info.State, "")
	line("SND.UNA", info.Snd.UNA-info.Snd.ISS, "the oldest that the peer has not acknowledged")
	line("SND.NXT", info.Snd.NXT-info.Snd.ISS, "the next that we send")
	line("SND.WND", info.Snd.WND, "how many the peer takes, from SND.UNA on")
	line("Eff.snd.MSS", info.Snd.EffMSS, "data in one segment, at most")
	line("send buffer", info.Snd.Queued, "bytes that are not acknowledged, or not sent")
	line("RCV.NXT", info.Rcv.NXT-info.Rcv.IRS, "the next that we expect")
	line("RCV.WND", info.Rcv.WND, "how many we take, from RCV.NXT on")
	line("RCV.USER", info.Rcv.User, "bytes that nobody has read")
	line("scales", fmt.Sprintf("%d, %d", info.Snd.Shift, info.Rcv.Shift), "bits by which the peer's windows are shifted, and ours")
	return b.String()
}

// maxStatusRows bounds the connections that TCPStatus lists: one peer may have thousands.
const maxStatusRows = 100

// TCPStatus lists the ports on which there are listeners, and the connections with a peer.
// Of all others it tells only how many there are: it is not for the peer to know whom else
// we talk to.
func (s *Stack) TCPStatus(peer netip.Addr) string {
	var rows []ConnInfo
	others := 0
	eachConn(s, s.tcp.conns, func(c *Conn) {
		if c.remote().Addr() != peer || len(rows) >= maxStatusRows {
			others++
			return
		}
		rows = append(rows, c.info())
	})
	s.mu.Lock()
	ports := slices.Sorted(maps.Keys(s.tcp.listeners))
	timeWaits := len(s.tcp.timeWait.conns)
	s.mu.Unlock()

	var b strings.Builder
	fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", "ours", "peer", "state", "not acked", "not read")
	for _, port := range ports {
		fmt.Fprintf(&b, "  %-22s %-22s %-13s %10s %10s\n", netip.AddrPortFrom(s.ip.Addr(), port), "*", stateListen, "", "")
	}
	var lines []string
	for _, c := range rows {
		lines = append(lines, fmt.Sprintf("  %-22s %-22s %-13s %10d %10d\n", c.Local, c.Remote, c.State, c.Snd.Queued, c.Rcv.User))
	}
	slices.Sort(lines)
	b.WriteString(strings.Join(lines, ""))
	if others > 0 {
		fmt.Fprintf(&b, "  and %d more\n", others)
	}
	fmt.Fprintf(&b, "  and %d in %s\n", timeWaits, stateTimeWait)
	return b.String()
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
