//go:build linux

package host

import (
	"context"
	"flag"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

// Config is what the flags say about a stack.
type Config struct {
	MAC     [6]byte
	IP      netip.Prefix // our address, and how many of its bits all hosts on the link share
	Host    netip.Prefix // the kernel's, at the other end of the cable; not valid: leave it alone
	MTU     int          // the longest payload of a frame, in bytes
	Gateway netip.Addr   // next hop for what is off the link; not valid: there is none
	Log     io.Writer    // takes warnings and the trace; it does not block
	Trace   bool         // a line for each frame and each change of state
}

// options are the flags that all parts have, checked.
type options struct {
	Config
	tap    string
	pcap   string
	quiet  bool
	faults wire.Faults
}

// parse reads the command line. Its errors name the flag.
func (p *Program[S]) parse(name string, args []string, stderr io.Writer) (options, error) {
	opt := options{
		Config: Config{
			Host: netip.MustParsePrefix("10.0.0.1/24"),
			IP:   netip.MustParsePrefix("10.0.0.4/24"),
			MAC:  [6]byte{0x02, 0, 0, 0, 0, 0x04},
			MTU:  1500,
		},
		tap: "tap0",
	}
	opt.faults.Seed = 1
	flags := &p.Flags
	flags.Init(name, flag.ContinueOnError)
	flags.Func("tap", "create the TAP device `NAME`; fd:N: the inherited socket N is the cable (default tap0)", func(text string) error {
		opt.tap = text
		return tap.Check(text)
	})
	flags.Func("host", "give the kernel's end of the cable the address `PREFIX`; \"\": leave it alone (default 10.0.0.1/24)", func(text string) (err error) {
		opt.Host, err = parsePrefix(text, true)
		return err
	})
	flags.Func("ip", "answer for the address `PREFIX` (default 10.0.0.4/24)", func(text string) (err error) {
		opt.IP, err = parsePrefix(text, false)
		return err
	})
	flags.Func("mac", "have the MAC address `ADDR` (default 02:00:00:00:00:04)", func(text string) (err error) {
		opt.MAC, err = parseMAC(text)
		return err
	})
	flags.Func("mtu", "the longest payload of a frame is `N` bytes (default 1500)", Number(&opt.MTU, minMTU, maxMTU))
	flags.Func("pcap", "write every frame to `FILE`, for Wireshark", NewFile(&opt.pcap))
	flags.BoolVar(&opt.quiet, "q", false, "no trace")
	opt.faults.AddFlags(flags, p.describe, p.Topmost)
	if err := Parse(flags, args, stderr, "drop"); err != nil {
		return opt, err
	}
	if strings.HasPrefix(opt.tap, "fd:") && !opt.IP.Contains(opt.Host.Addr()) && !Given(flags, "host") {
		opt.Host = netip.Prefix{} // a socket has no kernel's end
	}
	if err := checkLink(opt.Host, opt.IP); err != nil {
		return opt, err
	}
	return opt, p.checkTasks(&opt.Config)
}

// A task is something that a flag asks for: the program does it and ends.
type task[S Stack] struct {
	name  string
	do    func(ctx context.Context, s S, out io.Writer) error // nil if it was not asked for
	check func(us netip.Prefix) error                         // whether what was asked for can be meant
}

// addTask adds the flag -name, whose value parse reads.
func addTask[S Stack, V any](p *Program[S], name, usage string,
	parse func(text string) (V, error),
	check func(name string, v V, us netip.Prefix) error,
	do func(ctx context.Context, s S, v V, out io.Writer) error,
) {
	t := &task[S]{name: name}
	p.tasks = append(p.tasks, t)
	p.Flags.Func(name, usage, func(text string) error {
		v, err := parse(text)
		if err != nil {
			return err
		}
		t.do = func(ctx context.Context, s S, out io.Writer) error { return do(ctx, s, v, out) }
		t.check = func(us netip.Prefix) error { return check(name, v, us) }
		return nil
	})
}

// TaskNeighbour adds a flag that asks for something about another host on our link.
func (p *Program[S]) TaskNeighbour(name, usage string, do func(ctx context.Context, s S, ip netip.Addr, out io.Writer) error) {
	addTask(p, name, usage, parseIP, checkNeighbour, do)
}

// TaskIP adds a flag that asks for something about an address.
func (p *Program[S]) TaskIP(name, usage string, do func(ctx context.Context, s S, ip netip.Addr, out io.Writer) error) {
	addTask(p, name, usage, parseIP, checkPeer, do)
}

// TaskPort adds a flag that asks for something about a port of an address.
func (p *Program[S]) TaskPort(name, usage string, do func(ctx context.Context, s S, to netip.AddrPort, out io.Writer) error) {
	check := func(name string, to netip.AddrPort, us netip.Prefix) error { return checkPeer(name, to.Addr(), us) }
	addTask(p, name, usage, parseAddrPort, check, do)
}

// TaskHost adds a flag that asks for something about a port of a host, which may be given by its name.
func (p *Program[S]) TaskHost(name, usage string, do func(ctx context.Context, s S, to string, out io.Writer) error) {
	check := func(name, to string, us netip.Prefix) error {
		host, _, _ := net.SplitHostPort(to)
		return checkHost(name, host, us)
	}
	addTask(p, name, usage, parseHostPort, check, do)
}

// TaskURL adds a flag that asks for something about a page.
func (p *Program[S]) TaskURL(name, usage string, do func(ctx context.Context, s S, u *url.URL, out io.Writer) error) {
	check := func(name string, u *url.URL, us netip.Prefix) error { return checkHost(name, u.Hostname(), us) }
	addTask(p, name, usage, parseURL, check, do)
}

// asked returns the task that the command line asks for, or nil.
func (p *Program[S]) asked() *task[S] {
	for _, t := range p.tasks {
		if t.do != nil {
			return t
		}
	}
	return nil
}

// checkTasks checks what the part's own flags say, and completes the options by them.
func (p *Program[S]) checkTasks(c *Config) error {
	for _, check := range p.checks {
		if err := check(c); err != nil {
			return err
		}
	}
	var names []string
	for _, t := range p.tasks {
		names = append(names, t.name)
	}
	if err := AtMostOne(&p.Flags, names...); err != nil {
		return err
	}
	for _, serve := range p.serves {
		if err := AtMostOne(&p.Flags, append(names, serve)...); err != nil {
			return err
		}
	}
	if t := p.asked(); t != nil {
		return t.check(c.IP)
	}
	return nil
}

// Gateway adds the flag -gateway.
func (p *Program[S]) Gateway() {
	var gateway netip.Addr
	p.Flags.Func("gateway", "send what is off the link to `ADDR` (default: the -host address)", func(text string) (err error) {
		gateway, err = parseIP(text)
		return err
	})
	p.checks = append(p.checks, func(c *Config) error {
		if c.Gateway = gateway; !gateway.IsValid() {
			c.Gateway = c.Host.Addr()
			return nil
		}
		return checkNeighbour("gateway", gateway, c.IP)
	})
}

// NameServer adds the flag -dns, and returns where it will be found who knows the names of hosts.
func (p *Program[S]) NameServer() *netip.AddrPort {
	server := new(netip.AddrPort)
	p.Flags.Func("dns", "ask `ADDR` for the addresses of names (default: the gateway)", func(text string) error {
		ip, err := parseIP(text)
		*server = netip.AddrPortFrom(ip, 53)
		return err
	})
	p.checks = append(p.checks, func(c *Config) error {
		if !server.IsValid() {
			*server = netip.AddrPortFrom(c.Gateway, 53)
			return nil
		}
		return checkPeer("dns", server.Addr(), c.IP)
	})
	return server
}

// Proxy adds the flag -socks, and returns where a proxy is to listen on the kernel's side of the cable, or "".
func (p *Program[S]) Proxy() *string {
	at := new(string)
	p.Flags.Func("socks", "be a proxy at `IP:PORT` of the kernel, by SOCKS 5 and HTTP: what it opens goes through this stack", func(text string) error {
		to, err := parseAddrPort(text)
		*at = to.String()
		return err
	})
	p.serves = append(p.serves, "socks")
	return at
}

// Count adds a flag that says how often the task of another flag is to be done.
func (p *Program[S]) Count(name, of, usage string, value int) *int {
	p.Flags.Func(name, usage, Number(&value, 1, 65535))
	p.checks = append(p.checks, func(*Config) error { return Needs(&p.Flags, name, of) })
	return &value
}

// Port adds a flag with a port on which a host that stays has something to offer.
func (p *Program[S]) Port(name, usage string, port int) *int {
	p.Flags.Func(name, usage, Number(&port, 1, 65535))
	p.serves = append(p.serves, name)
	return &port
}
