//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

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

// SIGINT and SIGTERM end the part at once although 200 connections are at work: with status 0, and each peer is told
// (RFC 9293 3.10.5), so that the kernel's sockets do not wait for an answer for minutes.
func TestLabEndUnderLoad(t *testing.T) {
	t.Parallel()
	outcome := ""
	for _, signal := range []string{"INT", "TERM"} {
		// A shell has its background commands ignore SIGINT, and they cannot be interrupted then: hence env.
		r := suite.Lab(t, "ss ip env", []string{"-q"}, suite.Shell(`
			env --default-signal=INT `+secondPart("-q 2>/run/says")+` & part=$!
			await 'grep -q ready: /run/says'; ip link set tap1 txqueuelen 30000
			`+helper(t, "hold")+` >/run/held & helper=$!
			await 'grep -q "at work" /run/held'
			began=$(date +%s%3N); kill -`+signal+` $part; wait $part; echo "status $?"
			echo "took $(($(date +%s%3N) - began)) ms"
			await '! ss -Htan state established | grep -q 10.0.1.4:7' && echo "none left"
			wait $helper; cat /run/held`)...)
		r.Want(t, 0, "status 0\n", "none left\n", "200 at work", " 0 hang, within ", "the helper is content")
		m := regexp.MustCompile(`(\d+ reset, \d+ closed).*within (\d+) ms`).FindStringSubmatch(r.Stdout)
		if m == nil || tookMS(r) > endsSoon {
			t.Fatalf("SIG%s: %d ms\n%s", signal, tookMS(r), r.Stdout)
		}
		outcome += fmt.Sprintf("SIG%s: status 0 after %d ms; the kernel's 200 connections: %s, within %s ms. ", signal, tookMS(r), m[1], m[2])
	}
	suite.Row{
		Area: "application", What: "a signal ends the program under load", Source: "RFC 9293 3.10.5",
		Tried:   "SIGINT and SIGTERM while 200 of the kernel's connections send and receive",
		Outcome: outcome + "None is left open",
	}.Report(t)
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

// SIGTERM ends the part while it has filled the windows of 50 of the kernel's connections,
// whose program does not read, and sends to 50 others as fast as it can. Each is told so that
// the kernel believes it, or asks while there is an answer (RFC 5961 3.2): none is left when
// the part is gone and cannot be asked.
func TestLabEndWithFullWindows(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss ip", []string{"-q"}, suite.Shell(
		secondPart("-q 2>/run/says")+` & part=$!
		await 'grep -q ready: /run/says'
		ip link set tap1 txqueuelen 30000 # or it loses the SYNs of those that come late
		`+helper(t, "mute")+` >/run/held & helper=$!
		await 'grep -q "are open" /run/held'
		echo "$(ss -Htan state established | grep -c 10.0.1.4:19) established"
		kill -TERM $part; wait $part; echo "status $?"
		await '! ss -Htan state established | grep -q 10.0.1.4:19' && echo "none left"
		kill $helper`)...)
	r.Want(t, 0, "100 established\n", "status 0\n", "none left\n")
	suite.Row{
		Area: "application", What: "a signal ends the program while peers read nothing, or all", Source: "RFC 9293 3.10.5, RFC 5961 3.2",
		Tried:   "SIGTERM while chargen has filled the windows of 50 of the kernel's connections, and 50 others read at full speed",
		Outcome: "None is left open",
	}.Report(t)
}

// The device is deleted in the middle of a download: the part ends with the reason, and does not hang.
func TestLabDeviceDeletedUnderLoad(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ip curl", []string{"-q"}, suite.Shell(
		secondPart("-q 2>/run/says")+` & part=$!
		await 'grep -q ready: /run/says'
		curl -s --max-time 250 -o /run/page http://10.0.1.4/bytes/100000000000 & curl=$!
		await '[ -e /run/page ] && [ $(stat -c %s /run/page) -gt 1000000 ]'; began=$(date +%s%3N); ip link delete tap1; wait $part; echo "status $?"
		echo "took $(($(date +%s%3N) - began)) ms"
		[ $(stat -c %s /run/page) -gt 1000000 ] && echo "$(stat -c %s /run/page) bytes had come"
		kill $curl; grep -v ready: /run/says`)...)
	r.Want(t, 0, "status 1\n", "bytes had come", "the device is lost: read tap1: file descriptor in bad state")
	if tookMS(r) > endsSoon {
		t.Errorf("took %d ms", tookMS(r))
	}
	suite.Row{
		Area: "application", What: "the TAP device is deleted under load", Source: "read(2), EBADFD",
		Tried:   "ip link delete in the middle of a download",
		Outcome: fmt.Sprintf("the program says so and ends with status 1 after %d ms", tookMS(r)),
	}.Report(t)
}
