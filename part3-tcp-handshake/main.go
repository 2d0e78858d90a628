//go:build linux

// Part 3 of Frame by Frame: a host that speaks Ethernet, ARP, IPv4 and ICMP, and
// opens TCP connections.
//
// It creates a TAP device, gives the kernel's end of that cable an address, and
// answers at the other end for an address of its own that no other program and
// no kernel knows. docs/3-tcp-handshake.md tells the story.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"framebyframe/shared/host"
	"framebyframe/shared/pcap"
	"framebyframe/shared/spool"
	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

// topmost occurs in the trace line of each frame of this part's highest
// protocol: -drop counts those if it is not told what to look for.
const topmost = "Flags ["

// logBytes is how much trace may wait for a stalled terminal.
const logBytes = 1 << 20

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program. It returns the exit status: 0 when it did what was
// asked, 1 with the reason on stderr when it could not, 2 for a wrong flag.
func run(args []string, stdout, stderr io.Writer) int {
	name := filepath.Base(os.Args[0])
	opt, err := parseOptions(name, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "%s: %v (-h lists the flags)\n", name, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	log := spool.New(stderr, logBytes, func(lost uint64) []byte {
		return fmt.Appendf(nil, "(%d trace lines were lost because nobody took them)\n", lost)
	})
	defer log.Close() // waits for a stalled terminal, but not for ever
	if err := plugIn(ctx, opt, stdout, log); err != nil {
		fmt.Fprintf(log, "%s: %v\n", name, err)
		if wrong := host.WrongFlag(""); errors.As(err, &wrong) {
			return 2
		}
		return 1
	}
	return 0
}

// plugIn opens the cable, runs a stack on it, and does what the flags say.
func plugIn(ctx context.Context, opt options, stdout, log io.Writer) (err error) {
	cable, err := tap.Open(opt.tap, opt.mtu)
	if err != nil {
		return err
	}
	defer cable.Close()
	if err := cable.Configure(opt.host, opt.mtu); err != nil {
		return err
	}
	if mac, err := cable.MAC(); err == nil && bytes.Equal(mac, opt.mac[:]) {
		return host.WrongFlag(fmt.Sprintf("-mac %v: the kernel's end of the cable has this address, and ours must be another", opt.mac))
	}
	var dev Device = cable
	if opt.faults.Any() {
		opt.faults.Report = func(e wire.Event) { logFault(log, opt, e) }
		dev = wire.Impair(dev, opt.faults)
	}
	if opt.pcap != "" {
		capture, cerr := pcap.Create(opt.pcap)
		if cerr != nil {
			return fmt.Errorf("-pcap: %w", cerr)
		}
		defer func() { err = errors.Join(err, capture.Close()) }()
		dev = pcap.Tee(dev, capture.Writer)
	}
	if err := waitUp(ctx, cable, log); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted, which is no failure
		}
		return err
	}
	s := NewStack(dev, Config{
		MAC: opt.mac, IP: opt.ip, MTU: opt.mtu,
		Log: log, Trace: !opt.quiet,
		Gateway: opt.gateway, Rand: rand.Reader,
	})
	if !opt.asks() {
		if err := listen(s, opt.listen); err != nil {
			return err
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run() }()
	fmt.Fprintln(log, readyLine(opt, cable))
	task := make(chan error, 1)
	go func() { task <- doTask(ctx, s, opt, stdout) }()
	select {
	case err = <-ended:
		s.Close()
	case err = <-task:
		s.Close()
		lost := <-ended
		switch {
		case lost != nil:
			err = lost // which is why the task failed, if it did
		case ctx.Err() != nil:
			err = nil // interrupted, which is no failure
		}
	case <-overdue(ctx): // the task waits for somebody who does not read its output
		s.Close()
		err = <-ended
	}
	if !opt.quiet {
		fmt.Fprint(log, s.Summary())
	}
	return err
}

// overdue returns a channel that is closed a second after the program was told to end.
func overdue(ctx context.Context) <-chan struct{} {
	late := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, func() { close(late) }) })
	return late
}

// doTask does what the flags ask for, and returns when that is done, or when ctx
// ends. Only a host that stays announces itself; one that asks a question tells
// its addresses by asking.
func doTask(ctx context.Context, s *Stack, opt options, stdout io.Writer) error {
	if opt.resolve.IsValid() {
		mac, err := s.Resolve(ctx, opt.resolve)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, mac)
		return err
	}
	if opt.ping.IsValid() {
		return runPing(ctx, s, opt.ping, opt.count, stdout)
	}
	if opt.dial.IsValid() {
		return runDial(ctx, s, opt.dial, stdout)
	}
	s.Announce()
	<-ctx.Done()
	return nil
}

// listen accepts all connections on a port. In this part there is nothing to be done
// with them.
func listen(s *Stack, port uint16) error {
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

// waitUp waits until frames can pass. It says so if that takes time, which it
// does when somebody else is to bring the link up.
func waitUp(ctx context.Context, cable *tap.Device, log io.Writer) error {
	patience := time.AfterFunc(time.Second, func() {
		fmt.Fprintf(log, "waiting until %s is up: ip link set %[1]s up\n", cable.Name())
	})
	defer patience.Stop()
	return cable.WaitUp(ctx)
}

// readyLine says who is who.
func readyLine(opt options, cable *tap.Device) string {
	us := fmt.Sprintf("ready: %v (%v) is this program", opt.ip.Addr(), opt.mac)
	mac, err := cable.MAC()
	switch {
	case err != nil:
		return fmt.Sprintf("%s; its cable is %s", us, cable.Name())
	case !opt.host.IsValid():
		return fmt.Sprintf("%s; the kernel's end of the cable is %s (%v)", us, cable.Name(), mac)
	}
	return fmt.Sprintf("%s; %v (%v) is the kernel, at its end of the cable, %s", us, opt.host.Addr(), mac, cable.Name())
}

// logFault writes a trace line for what the cable did to a frame.
func logFault(log io.Writer, opt options, e wire.Event) {
	if opt.quiet {
		return
	}
	arrow := traceLostIn
	if e.Out {
		arrow = traceLostOut
	}
	_, _ = log.Write(appendLine(nil, arrow, "%s (%s)", describe(e.Frame), e.What))
}

// options are the flags, checked.
type options struct {
	tap     string
	host    netip.Prefix // not valid: leave the kernel's end alone
	ip      netip.Prefix
	mac     MAC
	mtu     int
	pcap    string
	quiet   bool
	faults  wire.Faults
	resolve netip.Addr // not valid: nothing to ask
	gateway netip.Addr // not valid: none
	ping    netip.Addr // not valid: nobody to ping
	count   int
	listen  uint16
	dial    netip.AddrPort // not valid: nobody to dial
}

// asks reports whether the program is to ask something and end, rather than to stay
// and answer.
func (opt options) asks() bool {
	return opt.resolve.IsValid() || opt.ping.IsValid() || opt.dial.IsValid()
}

// parseOptions reads the command line. Its errors name the flag.
func parseOptions(name string, args []string, stderr io.Writer) (options, error) {
	opt := options{
		host:  netip.MustParsePrefix("10.0.0.1/24"),
		ip:    netip.MustParsePrefix("10.0.0.4/24"),
		mac:   MAC{0x02, 0, 0, 0, 0, 0x04},
		tap:   "tap0",
		mtu:   1500,
		count: 3,
	}
	opt.faults.Seed = 1
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Func("tap", "create the TAP device `NAME`; fd:N: the inherited socket N is the cable (default tap0)", func(text string) error {
		opt.tap = text
		return tap.Check(text)
	})
	flags.Func("host", "give the kernel's end of the cable the address `PREFIX`; \"\": leave it alone (default 10.0.0.1/24)", func(text string) (err error) {
		opt.host, err = parsePrefix(text, true)
		return err
	})
	flags.Func("ip", "answer for the address `PREFIX` (default 10.0.0.4/24)", func(text string) (err error) {
		opt.ip, err = parsePrefix(text, false)
		return err
	})
	flags.Func("mac", "have the MAC address `ADDR` (default 02:00:00:00:00:04)", func(text string) (err error) {
		opt.mac, err = parseCardMAC(text)
		return err
	})
	flags.Func("mtu", "the longest payload of a frame is `N` bytes (default 1500)", host.Number(&opt.mtu, minMTU, maxMTU))
	flags.Func("pcap", "write every frame to `FILE`, for Wireshark", host.NewFile(&opt.pcap))
	flags.BoolVar(&opt.quiet, "q", false, "no trace")
	flags.Func("resolve", "ask who has the address `IP`, print the MAC address, exit", func(text string) (err error) {
		opt.resolve, err = parseIP(text)
		return err
	})
	flags.Func("gateway", "send what is off the link to `ADDR` (default: the -host address)", func(text string) (err error) {
		opt.gateway, err = parseIP(text)
		return err
	})
	flags.Func("ping", "send echo requests to `IP`, print the replies, exit", func(text string) (err error) {
		opt.ping, err = parseIP(text)
		return err
	})
	flags.Func("count", "-ping sends `N` echo requests (default 3)", host.Number(&opt.count, 1, 65535))
	port := 80
	flags.Func("listen", "accept connections on `PORT` (default 80)", host.Number(&port, 1, 65535))
	flags.Func("dial", "connect to `IP:PORT`, hold the connection until interrupted", func(text string) (err error) {
		opt.dial, err = parseAddrPort(text)
		return err
	})
	opt.faults.AddFlags(flags, describe, topmost)
	if err := host.Parse(flags, args, stderr, "drop"); err != nil {
		return opt, err
	}
	if strings.HasPrefix(opt.tap, "fd:") && !opt.ip.Contains(opt.host.Addr()) && !host.Given(flags, "host") {
		opt.host = netip.Prefix{} // a socket has no kernel's end
	}
	if !opt.gateway.IsValid() {
		opt.gateway = opt.host.Addr()
	}
	opt.listen = uint16(port)
	return opt, cmp.Or(
		host.AtMostOne(flags, "resolve", "ping", "dial", "listen"),
		host.Needs(flags, "count", "ping"),
		opt.check(),
	)
}

// check returns an error about flags that cannot be meant together.
func (opt options) check() error {
	return cmp.Or(
		checkLink(opt.host, opt.ip),
		checkNeighbour("resolve", opt.resolve, opt.ip),
		checkNeighbour("gateway", opt.gateway, opt.ip),
		checkPeer("ping", opt.ping, opt.ip),
		checkPeer("dial", opt.dial.Addr(), opt.ip),
	)
}
