//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/apps"
)

// The tests in the lab_interop_*_test.go files are about other people's TCP and other
// people's programs: the kernel with its settings changed one by one, OpenSSH, nginx and
// redis, and tshark's opinion of what passed on the cable.

// mishaps is what the cable does to frames where a test has it do something.
const mishaps = "-loss 1% -reorder 1% -duplicate 1%"

// interopVariable and interopFlags tell TestInteropHelper, in the environment, what to do
// and with which flags.
const (
	interopVariable = "FRAMEBYFRAME_INTEROP"
	interopFlags    = "FRAMEBYFRAME_INTEROP_FLAGS"
)

// interopHelper is a command for a shell in the lab that runs this test program again.
func interopHelper(t *testing.T, what, flags string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("env %s=%s %s='%s' %s -test.run '^TestInteropHelper$'", interopVariable, what, interopFlags, flags, program)
}

// TestInteropHelper is no test: it is what interopHelper runs.
func TestInteropHelper(t *testing.T) {
	var err error
	switch what := os.Getenv(interopVariable); what {
	case "":
		return
	case "web": // the kernel's web server, with the pages of ours
		var l net.Listener
		if l, err = net.Listen("tcp", ":8000"); err == nil {
			err = apps.ServeHTTP(l, nil)
		}
	case "relay":
		p := program()
		p.Listen = listenRelays
		if status := p.Run(strings.Fields(os.Getenv(interopFlags)), os.Stdout, os.Stderr); status != 0 {
			err = fmt.Errorf("the relay ended with status %d", status)
		}
	default:
		err = errors.New("nobody knows how to " + what)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// listenRelays brings real servers to our stack: what arrives at one of its ports goes on over
// the kernel's loopback to the same port there, and back.
func listenRelays(s *stack.Stack) error {
	for _, port := range []uint16{22, 80, 6379} {
		l, err := s.Listen(port)
		if err != nil {
			return err
		}
		go apps.Serve(l, func(ours net.Conn) {
			kernels, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				return
			}
			defer kernels.Close()
			back := make(chan struct{})
			go func() {
				defer close(back)
				pass(ours, kernels)
			}()
			pass(kernels, ours)
			<-back
		})
	}
	return nil
}

// pass copies from one connection to the other, its end included.
func pass(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil { // a reset is passed on as the end of both
		to.Close()
		from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// startRelay starts the relay in the lab, as 10.0.1.4 on tap1, and waits until it is
// ready.
func startRelay(t *testing.T, flags string) string {
	return interopHelper(t, "relay", "-q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 "+flags) + ` 2>/run/relay & relay=$!
		await 'grep -q ready: /run/relay'
		`
}

// untilClosed waits until the relay has closed all connections: it resets what is open when it ends.
const untilClosed = `
			await '[ -z "$(ss -Htn state connected exclude time-wait dst 10.0.1.4)" ]'`
