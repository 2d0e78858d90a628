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
	"syscall"
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

// holdCrowd opens n connections at once and has data go through echo on each, until it ends. It says when all are at
// work, and in the end how they ended and how long that took from the first to the last.
func holdCrowd(address string, n int) error {
	ends, ready := make(chan error, n), make(chan struct{}, n)
	for range n {
		go func() {
			c, err := net.Dial("tcp", address)
			if err == nil {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(3 * time.Minute))
				for first := true; err == nil; first = false {
					if _, err = c.Write(apps.ChargenLines[:1000]); err == nil {
						_, err = io.ReadFull(c, make([]byte, 1000))
					}
					if first {
						ready <- struct{}{}
					}
				}
			}
			ends <- err
		}()
	}
	for range n {
		select {
		case <-ready:
		case err := <-ends:
			return fmt.Errorf("before all were at work: %w", err)
		}
	}
	fmt.Println(n, "at work")
	var began time.Time
	counts := make(map[string]int)
	for i := range n {
		err := <-ends
		if i == 0 {
			began = time.Now()
		}
		switch {
		case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			counts["reset"]++
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			counts["closed"]++
		case errors.Is(err, os.ErrDeadlineExceeded):
			counts["hang"]++
		default:
			return err
		}
	}
	fmt.Printf("%d reset, %d closed, %d hang, within %d ms\n", counts["reset"], counts["closed"], counts["hang"], time.Since(began).Milliseconds())
	return nil
}

// muteCrowd opens n connections to chargen and reads nothing from every other one, so that
// its window is soon full, and from the others as fast as it can.
func muteCrowd(address string, n int) error {
	for i := range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if i%2 == 0 {
			go io.Copy(io.Discard, c)
		}
	}
	time.Sleep(2 * time.Second) // the part has asked the closed windows several times
	fmt.Println(n, "are open")
	time.Sleep(10 * time.Minute) // whoever ends this is the shell
	return nil
}

// sleepingReader starts another part, and a reader on the kernel's side who sleeps.
func sleepingReader(t *testing.T) string {
	t.Helper()
	return suite.SecondPart("2>/run/trace") + ` & part=$!
		await 'grep -q ready: /run/trace'
		` + helper(t, "sleep") + ` & reader=$!
		`
}
