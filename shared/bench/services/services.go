// Package services has the flags and the TCP services that all peers of the bench have in common: those of part 5.
package services

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"framebyframe/shared/wire"
)

// Options are the flags that every peer has.
type Options struct {
	TAP      string       // the device that the peer makes
	IP, Host netip.Prefix // the peer's address, and the one of the kernel at the other end
	Faults   wire.Faults  // what is wrong with the cable
}

// Parse reads the command line. Flags that a peer has for itself it registers before, with the flag package.
func Parse() (Options, error) {
	opt := Options{IP: netip.MustParsePrefix("10.0.0.4/24"), Host: netip.MustParsePrefix("10.0.0.1/24")}
	opt.Faults.Seed = 1
	flag.StringVar(&opt.TAP, "tap", "tap0", "create the TAP device `NAME`")
	flag.TextVar(&opt.IP, "ip", opt.IP, "answer for the address `PREFIX`")
	flag.TextVar(&opt.Host, "host", opt.Host, "give the kernel's end of the cable the address `PREFIX`")
	flag.Bool("q", true, "no trace; there is none anyway")
	opt.Faults.AddFlags(flag.CommandLine, nil, "")
	flag.Parse()
	if flag.NArg() > 0 {
		return opt, fmt.Errorf("unexpected argument %q: a flag begins with -", flag.Arg(0))
	}
	return opt, nil
}

// ports are the services by their ports.
var ports = map[uint16]func(net.Conn){7: echo, 9: discard, 13: daytime, 19: chargen}

// Serve listens on all ports, says that it is ready, and returns when the program is asked to end.
func Serve(listen func(port uint16) (net.Listener, error)) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	failed := make(chan error, len(ports))
	for port, service := range ports {
		l, err := listen(port)
		if err != nil {
			return fmt.Errorf("port %d: %w", port, err)
		}
		go func() { failed <- accept(l, service) }()
	}
	fmt.Fprintln(os.Stderr, "ready: echo 7, discard 9, daytime 13, chargen 19")
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func accept(l net.Listener, service func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, syscall.ECONNABORTED) {
			continue
		}
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			service(c)
		}()
	}
}

// Like part 5's; discard reads more at a time, as a read may be a system call here.

func echo(c net.Conn) { _, _ = io.CopyBuffer(plain{c}, plain{c}, make([]byte, 16<<10)) }

func discard(c net.Conn) {
	b := make([]byte, 128<<10)
	for {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func daytime(c net.Conn) {
	_, _ = fmt.Fprintf(c, "%s\r\n", time.Now().Format(time.RFC1123))
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.CopyBuffer(io.Discard, plain{c}, make([]byte, 512))
}

func chargen(c net.Conn) {
	go func() {
		_, _ = io.CopyBuffer(blackHole{}, plain{c}, make([]byte, 512))
		c.Close()
	}()
	for {
		if _, err := c.Write(lines); err != nil {
			return
		}
	}
}

// lines are all 95 lines of chargen, eight times.
var lines = func() (b []byte) {
	for first := range 95 * 8 {
		for i := range 72 {
			b = append(b, ' '+byte((first+i)%95))
		}
		b = append(b, '\r', '\n')
	}
	return b
}()

// plain hides the methods with which io.Copy would go around the buffer: the kernel's splice, for example.
type plain struct{ c net.Conn }

func (p plain) Read(b []byte) (int, error)  { return p.c.Read(b) }
func (p plain) Write(b []byte) (int, error) { return p.c.Write(b) }

// blackHole is io.Discard without its large buffer.
type blackHole struct{}

func (blackHole) Write(b []byte) (int, error) { return len(b), nil }
