//go:build linux

// Part 2 of Frame by Frame: a host that speaks Ethernet, ARP, IPv4, ICMP and UDP.
//
// It creates a TAP device, gives the kernel's end of that cable an address, and
// answers at the other end for an address of its own that no other program and
// no kernel knows. docs/2-ipv4-icmp.md tells the story.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/netip"

	"framebyframe/part2-ipv4-icmp/stack"
	"framebyframe/shared/apps/datagrams"
	"framebyframe/shared/host"
	"framebyframe/shared/wire"
)

func main() { program().Main() }

// program is what this part can do, by its flags.
func program() *host.Program[*stack.Stack] {
	describe := func(_ *stack.Stack, frame []byte) string { return stack.Describe(frame) }
	p := &host.Program[*stack.Stack]{Describe: describe, Topmost: "UDP"}
	p.Gateway()
	p.New = func(dev wire.Device, c host.Config) *stack.Stack {
		return stack.New(dev, stack.Config{
			MAC: c.MAC, IP: c.IP, MTU: c.MTU, Log: c.Log, Trace: c.Trace,
			Gateway: c.Gateway, Rand: rand.Reader,
		})
	}
	p.Listen = serveUDP
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
