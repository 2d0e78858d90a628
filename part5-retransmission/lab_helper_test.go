//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// helperVariable names, in the environment, what TestLabHelper is to do.
const helperVariable = "FRAMEBYFRAME_HELPER"

// helper is a command for a shell in the lab that runs this test program again, as a
// client or a server on the kernel's sockets that no tool is.
func helper(t *testing.T, what string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("env %s=%s %s -test.run '^TestLabHelper$'", helperVariable, what, program)
}

// TestLabHelper is no test: it is what helper runs. Package net here means the kernel.
func TestLabHelper(t *testing.T) {
	var err error
	switch what := os.Getenv(helperVariable); what {
	case "":
		return
	case "serve":
		page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprintf(w, "a page for %s\n%s", r.RemoteAddr, bytes.Repeat(apps.ChargenLines, 20))
		})
		err = http.ListenAndServe(":8000", page)
	case "echo":
		err = serveKernel(":9999", apps.Echo)
	case "answer":
		err = serveKernel(":9999", func(c net.Conn) {
			question, _ := io.ReadAll(c)
			awaitGo()
			fmt.Fprintf(c, "a late answer to %s", question)
		})
	case "crowd":
		err = echoCrowd("10.0.0.4:7", 200, 1<<20)
	case "hold":
		err = holdCrowd("10.0.1.4:7", 200)
	case "many":
		err = manyAtOnce("10.0.1.4:7", os.Getenv(countVariable), "/run/pid")
	case "mute":
		err = muteCrowd("10.0.1.4:19", 100)
	case "sleep":
		err = sleepyReader("10.0.1.4:19", 1<<20)
	default:
		err = errors.New("nobody knows how to " + what)
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("the helper is content")
}

// awaitGo waits until the shell has made the file /run/go.
func awaitGo() {
	for {
		if _, err := os.Stat("/run/go"); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// serveKernel runs a service on a port of the kernel.
func serveKernel(address string, service func(net.Conn)) error {
	l, err := net.Listen("tcp", address)
	for err == nil {
		var c net.Conn
		if c, err = l.Accept(); err == nil {
			service(c)
			c.Close()
		}
	}
	return err
}

// echoCrowd opens n connections at once and wants size bytes back from each, all
// different.
func echoCrowd(address string, n int, size int64) error {
	errs := make(chan error, n)
	for i := range n {
		go func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				errs <- err
				return
			}
			c := conn.(*net.TCPConn)
			defer c.Close()
			sent := make(chan error, 1)
			go func() { sent <- suite.SendStream(c, byte(i), size) }()
			err = suite.ReceiveStream(c, byte(i), size, func() {})
			errs <- errors.Join(err, <-sent)
		}()
	}
	var all error
	for range n {
		all = errors.Join(all, <-errs)
	}
	return all
}

// sleepyReader reads chargen's characters, but not until it may, so that the window closes.
func sleepyReader(address string, size int) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	awaitGo()
	got := make([]byte, size)
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.HasPrefix(bytes.Repeat(apps.ChargenLines, size/len(apps.ChargenLines)+1), got) {
		return errors.New("these are not chargen's characters")
	}
	return nil
}
