//go:build linux

// Package host is what the programs of all parts have in common: they read the flags, open
// the cable, put its faults and the capture before it, plug a stack in, say "ready:", and end
// cleanly. It knows no protocol: that a stack has a Run and a Close is all that it asks.
package host

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"framebyframe/shared/pcap"
	"framebyframe/shared/spool"
	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

// Stack is a part's stack.
type Stack interface {
	Run() error      // handles frames until Close, or until the device is lost
	Close() error    // ends it, and tells its peers
	Announce()       // tells the link that it is there
	Summary() string // what passed through it, in lines
}

// Program is a part as a command. S is its *stack.Stack.
type Program[S Stack] struct {
	// Describe says what a frame is, as in the stack's trace, and Topmost stands in what it says of
	// each frame of the part's highest protocol: a -drop with a number alone counts those.
	Describe func(s S, frame []byte) string
	Topmost  string
	// New makes the stack at the end of a cable.
	New func(dev wire.Device, c Config) S
	// Listen, if not nil, starts what a host that stays has to offer. A program that only asks
	// a question does without.
	Listen func(s S) error

	// Flags has the flags that only this part has. The methods below add some.
	Flags flag.FlagSet

	stack  atomic.Pointer[S] // nil until there is one
	tasks  []*task[S]
	serves []string                // the flags that say what a host that stays has to offer
	checks []func(c *Config) error // complete the options, or say what is wrong
}

// logBytes is how much trace may wait for a stalled terminal.
const logBytes = 1 << 20

// Main runs the program with the command line that it got, and exits with its status.
func (p *Program[S]) Main() { os.Exit(p.Run(os.Args[1:], os.Stdout, os.Stderr)) }

// Run is the whole program. It returns the exit status: 0 when it did what was asked, 1 with
// the reason on stderr when it could not, 2 for a wrong flag.
func (p *Program[S]) Run(args []string, stdout, stderr io.Writer) int {
	name := filepath.Base(os.Args[0])
	opt, err := p.parse(name, args, stderr)
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
	if err := p.plugIn(ctx, opt, stdout, log); err != nil {
		fmt.Fprintf(log, "%s: %v\n", name, err)
		if wrong := WrongFlag(""); errors.As(err, &wrong) {
			return 2
		}
		return 1
	}
	return 0
}

// plugIn opens the cable, runs a stack on it, and does what the flags say.
func (p *Program[S]) plugIn(ctx context.Context, opt options, stdout, log io.Writer) (err error) {
	cable, err := tap.Open(opt.tap, opt.MTU)
	if err != nil {
		return err
	}
	defer cable.Close()
	if err := cable.Configure(opt.Host, opt.MTU); err != nil {
		return err
	}
	if mac, err := cable.MAC(); err == nil && bytes.Equal(mac, opt.MAC[:]) {
		return WrongFlag(fmt.Sprintf("-mac %v: the kernel's end of the cable has this address, and ours must be another", mac))
	}
	var dev wire.Device = cable
	if opt.faults.Any() {
		opt.faults.Report = func(e wire.Event) { p.logFault(log, opt, e) }
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
	opt.Log, opt.Trace = log, !opt.quiet
	s := p.New(dev, opt.Config)
	p.stack.Store(&s)
	do := stay[S]
	if t := p.asked(); t != nil {
		do = t.do
	} else if p.Listen != nil {
		if err := p.Listen(s); err != nil {
			return err
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run() }()
	fmt.Fprintln(log, readyLine(opt, cable))
	done := make(chan error, 1)
	go func() { done <- do(ctx, s, stdout) }()
	select {
	case err = <-ended:
		s.Close()
	case err = <-done:
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

// stay is what a program does that was not asked for anything else: it is a host until it is
// interrupted. Only such a one announces itself; one that asks a question tells its addresses
// by asking.
func stay[S Stack](ctx context.Context, s S, _ io.Writer) error {
	s.Announce()
	<-ctx.Done()
	return nil
}

// overdue returns a channel that is closed a second after the program was told to end.
func overdue(ctx context.Context) <-chan struct{} {
	late := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, func() { close(late) }) })
	return late
}

// waitUp waits until frames can pass. It says so if that takes time, which it does when
// somebody else is to bring the link up.
func waitUp(ctx context.Context, cable *tap.Device, log io.Writer) error {
	patience := time.AfterFunc(time.Second, func() {
		fmt.Fprintf(log, "waiting until %s is up: ip link set %[1]s up\n", cable.Name())
	})
	defer patience.Stop()
	return cable.WaitUp(ctx)
}

// readyLine says who is who.
func readyLine(opt options, cable *tap.Device) string {
	us := fmt.Sprintf("ready: %v (%v) is this program", opt.IP.Addr(), net.HardwareAddr(opt.MAC[:]))
	mac, err := cable.MAC()
	switch {
	case err != nil:
		return fmt.Sprintf("%s; its cable is %s", us, cable.Name())
	case !opt.Host.IsValid():
		return fmt.Sprintf("%s; the kernel's end of the cable is %s (%v)", us, cable.Name(), mac)
	}
	return fmt.Sprintf("%s; %v (%v) is the kernel, at its end of the cable, %s", us, opt.Host.Addr(), mac, cable.Name())
}

// describe says what a frame of the stack is.
func (p *Program[S]) describe(frame []byte) string { return p.Describe(*p.stack.Load(), frame) }

// logFault writes a trace line for what the cable did to a frame. Before there is a stack, there
// is no trace.
func (p *Program[S]) logFault(log io.Writer, opt options, e wire.Event) {
	if opt.quiet || p.stack.Load() == nil {
		return
	}
	arrow := "x- " // it was on its way to us
	if e.Out {
		arrow = "-x "
	}
	line := time.Now().AppendFormat(nil, "15:04:05.000000 ") // as the stack's trace has it
	_, _ = log.Write(fmt.Appendf(line, "%s%s (%s)\n", arrow, p.describe(e.Frame), e.What))
}
