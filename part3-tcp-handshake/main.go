//go:build linux

// Part 3 of Frame by Frame: a host that speaks Ethernet, ARP, IPv4, ICMP and UDP, and
// opens TCP connections.
//
// It creates a TAP device, gives the kernel's end of that cable an address, and
// answers at the other end for an address of its own that no other program and
// no kernel knows. docs/3-tcp-handshake.md tells the story.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"framebyframe/part3-tcp-handshake/stack"
	"framebyframe/shared/apps/datagrams"
	"framebyframe/shared/host"
	"framebyframe/shared/wire"
)

func main() { program().Main() }

// program is what this part can do, by its flags.
func program() *host.Program[*stack.Stack] {
	p := &host.Program[*stack.Stack]{Describe: (*stack.Stack).Describe, Topmost: "Flags ["}
	p.Gateway()
	p.New = func(dev wire.Device, c host.Config) *stack.Stack {
		return stack.New(dev, stack.Config{
			MAC: c.MAC, IP: c.IP, MTU: c.MTU, Log: c.Log, Trace: c.Trace,
			Gateway: c.Gateway, Rand: rand.Reader,
		})
	}
	port := p.Port("listen", "accept connections on `PORT` (default 80)", 80)
	p.Listen = func(s *stack.Stack) error { return errors.Join(serveUDP(s), listen(s, uint16(*port))) }
	p.TaskNeighbour("resolve", "ask who has the address `IP`, print the MAC address, exit", resolve)
	count := p.Count("count", "ping", "-ping sends `N` echo requests (default 3)", 3)
	p.TaskIP("ping", "send echo requests to `IP`, print the replies, exit",
		func(ctx context.Context, s *stack.Stack, ip netip.Addr, out io.Writer) error {
			return s.PrintPing(ctx, ip, *count, out)
		})
	p.TaskIP("traceroute", "find the routers on the way to `IP`, print them, exit",
		func(ctx context.Context, s *stack.Stack, ip netip.Addr, out io.Writer) error {
			return s.PrintTraceroute(ctx, ip, out)
		})
	p.TaskPort("dial", "connect to `IP:PORT`, hold the connection until interrupted", dial)
	return p
}

// serveUDP starts the small services on UDP. They end with the stack.
func serveUDP(s *stack.Stack) error {
	for port, service := range datagrams.Services {
		u, err := s.ListenUDP(port)
		if err != nil {
			return err
		}
		go datagrams.Serve(u, service)
	}
	return nil
}

// resolve prints who has an address.
func resolve(ctx context.Context, s *stack.Stack, ip netip.Addr, out io.Writer) error {
	mac, err := s.Resolve(ctx, ip)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, mac)
	return err
}

// listen accepts all connections on a port. In this part there is nothing to be done
// with them.
func listen(s *stack.Stack, port uint16) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go func() {
		for err == nil {
			_, err = l.AcceptTCP()
		}
	}()
	return nil
}

// dial opens a connection, says so, and holds it until ctx ends.
func dial(ctx context.Context, s *stack.Stack, to netip.AddrPort, out io.Writer) error {
	if _, err := s.DialTCP(ctx, to); err != nil {
		return err
	}
	fmt.Fprintf(out, "ESTABLISHED: %v\n", to)
	<-ctx.Done()
	return nil
}
