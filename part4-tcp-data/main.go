//go:build linux

// Part 4 of Frame by Frame: a host that speaks Ethernet, ARP, IPv4, ICMP, UDP and TCP, and
// serves web pages over it.
//
// It creates a TAP device, gives the kernel's end of that cable an address, and
// answers at the other end for an address of its own that no other program and
// no kernel knows. docs/4-tcp-data.md tells the story.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"time"

	"framebyframe/part4-tcp-data/stack"
	"framebyframe/shared/apps"
	"framebyframe/shared/apps/datagrams"
	"framebyframe/shared/host"
	"framebyframe/shared/wire"
)

func main() {
	// All that the stack does it does under one lock. A second processor could only run the
	// services meanwhile, and waking a thread for them, at each batch of frames, costs more
	// than they do. (GOMAXPROCS in the environment says otherwise.)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	program().Main()
}

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
	port := p.Port("listen", "serve web pages on `PORT` (default 80)", 80)
	server, proxy := p.NameServer(), p.Proxy()
	// byName is how programs open connections, to hosts that may have a name.
	byName := func(s *stack.Stack) apps.Dial { return apps.Names{Dial: s.DialContext, Server: *server}.DialContext }
	p.Listen = func(s *stack.Stack) error {
		if *proxy != "" {
			if err := serveProxy(*proxy, byName(s)); err != nil {
				return err
			}
		}
		return errors.Join(serveUDP(s), listen(s, uint16(*port)))
	}
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
	p.TaskURL("get", "fetch `URL`, print it, exit", func(ctx context.Context, s *stack.Stack, u *url.URL, out io.Writer) error {
		defer s.Drain(lastWords)
		return apps.Get(ctx, byName(s), u, out)
	})
	p.TaskHost("nc", "connect to `HOST:PORT`; send it stdin, and print what it sends",
		func(ctx context.Context, s *stack.Stack, to string, out io.Writer) error {
			c, err := byName(s)(ctx, "tcp", to)
			if err != nil {
				return err
			}
			defer s.Drain(lastWords)
			return apps.NC(ctx, c, os.Stdin, out)
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

// listen starts the services, and a web server on its port. They end with the stack.
func listen(s *stack.Stack, port uint16) error {
	web, err := s.Listen(port)
	if err != nil {
		return err
	}
	go apps.ServeHTTP(web, func(c net.Conn) string { return s.StatusPage(c.(*stack.Conn)) })
	for at, service := range apps.Services {
		if at == port {
			continue // -listen has it
		}
		l, err := s.Listen(at)
		if err != nil {
			return err
		}
		go apps.Serve(l, service)
	}
	return nil
}

// serveProxy has the kernel's programs open their connections through a stack.
func serveProxy(at string, dial apps.Dial) error {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("-socks: %w", err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		fmt.Fprintf(os.Stderr, "-socks %s: whoever reaches this address can use the proxy\n", at)
	}
	go apps.ServeProxy(l, dial)
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

// lastWords is how long a program that is about to end waits for the peer to
// acknowledge what was sent.
const lastWords = 2 * time.Second
