package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

const (
	tracerouteHops     = 30              // the longest way that is looked for
	tracerouteProbes   = 3               // questions with each TTL
	tracerouteDataLen  = 32              // bytes
	traceroutePatience = 2 * time.Second // for the answer to one

	// traceroutePort is below the port of the first question, and each has the next one: so an
	// answer, which quotes the port, says which question it belongs to. Nobody is likely to have
	// these ports, as programs that do the same have always taken them.
	traceroutePort = 33434 - 1
)

// Hop is what a question with a TTL has come to.
type Hop struct {
	TTL  int           // how many hops it could go
	From netip.Addr    // who answered; not valid if nobody did
	RTT  time.Duration // round-trip time
	Err  error         // what he said; nil if it was no error
	Last bool          // he is the destination, or says that there is no way to it
}

// Traceroute finds the way to dst. It sends datagrams that may go one hop, then two, and so on: the
// router at which the TTL comes to 0 says so (RFC 792), and thereby who it is. dst itself says
// that nobody has the port. report is called with each answer, or when none has come in time,
// three times for each hop. The error wraps syscall.EHOSTUNREACH if ARP finds nobody on our own
// link, syscall.ENETUNREACH if there is no way, net.ErrClosed if the stack is closed, or it is
// ctx's.
func (s *Stack) Traceroute(ctx context.Context, dst netip.Addr, report func(Hop)) error {
	u, err := s.ListenUDP(0)
	if err != nil {
		return err
	}
	defer u.Close()
	to := netip.AddrPortFrom(dst, traceroutePort)
	for ttl := 1; ttl <= tracerouteHops; ttl++ {
		last := false
		for range tracerouteProbes {
			to = netip.AddrPortFrom(dst, to.Port()+1)
			hop, err := u.probe(ctx, to, ttl)
			if err != nil {
				return err
			}
			report(hop)
			last = last || hop.Last
		}
		if last {
			return nil
		}
	}
	return fmt.Errorf("%v does not answer, or is more than %d hops away", dst, tracerouteHops)
}

// probe sends a datagram that may go ttl hops, and waits for what is said of it.
func (u *UDPSocket) probe(ctx context.Context, to netip.AddrPort, ttl int) (Hop, error) {
	sent := time.Now()
	if err := u.Send(Datagram{Peer: to, TTL: uint8(ttl), Data: make([]byte, tracerouteDataLen)}); err != nil {
		return Hop{}, err
	}
	patience, cancel := context.WithTimeout(ctx, traceroutePatience)
	defer cancel()
	for {
		d, err := u.Receive(patience)
		rtt := time.Since(sent)
		var failed *UDPError
		var said icmpError
		switch {
		case err == nil && d.Peer == to: // somebody has the port, and answers
			return Hop{TTL: ttl, From: d.Peer.Addr(), RTT: rtt, Last: true}, nil
		case err == nil:
			// Nobody has asked.
		case errors.As(err, &failed) && errors.As(err, &said):
			if failed.Peer == to { // otherwise it is the answer to an earlier question, and late
				return Hop{TTL: ttl, From: said.from, RTT: rtt, Err: said, Last: said.typ == icmpUnreachable}, nil
			}
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			return Hop{TTL: ttl}, nil
		default:
			return Hop{}, err
		}
	}
}

// PrintTraceroute prints the way to dst, as traceroute(8) does.
func (s *Stack) PrintTraceroute(ctx context.Context, dst netip.Addr, out io.Writer) error {
	fmt.Fprintf(out, "traceroute to %v (%v), %d hops max, %d byte packets",
		dst, dst, tracerouteHops, ipv4MinHeaderLen+udpHeaderLen+tracerouteDataLen)
	var before Hop
	err := s.Traceroute(ctx, dst, func(hop Hop) {
		if hop.TTL != before.TTL {
			fmt.Fprintf(out, "\n%2d ", hop.TTL)
			before = Hop{TTL: hop.TTL}
		}
		if !hop.From.IsValid() {
			fmt.Fprint(out, " *")
			return
		}
		if hop.From != before.From {
			fmt.Fprintf(out, " %v", hop.From)
		}
		fmt.Fprintf(out, "  %.3f ms%s", millis(hop.RTT), tracerouteMark(hop.Err))
		before = hop
	})
	fmt.Fprintln(out)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("traceroute: %w", err)
	}
	return nil
}

// tracerouteMark is how traceroute(8) writes an error other than the two that are meant to come.
func tracerouteMark(err error) string {
	var said icmpError
	if !errors.As(err, &said) || said.typ == icmpTimeExceeded || said.typ == icmpUnreachable && said.code == codePortUnreachable {
		return ""
	}
	switch {
	case said.typ == icmpUnreachable && said.code == codeNetUnreachable:
		return " !N"
	case said.typ == icmpUnreachable && said.code == codeHostUnreachable:
		return " !H"
	case said.typ == icmpUnreachable && said.code == codeProtocolUnreachable:
		return " !P"
	case said.typ == icmpUnreachable && said.code == 13: // prohibited (RFC 1812 5.2.7.1)
		return " !X"
	}
	return fmt.Sprintf(" !<%d-%d>", said.typ, said.code)
}
