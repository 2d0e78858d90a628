//go:build linux

package interop

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Whatever the cable does to the frames, in both directions, the streams arrive as they were sent.
func TestFaults(t *testing.T) {
	faults := []string{
		"-loss 1%", "-loss 5%", "-reorder 5%", "-loss 2% -reorder 5%", "-duplicate 5%", "-corrupt 1%", "-delay 20ms -jitter 5ms",
		"-rate 10mbit", "-loss 2% -reorder 2% -duplicate 2% -corrupt 1% -delay 5ms",
	}
	sack, reno, rack := tcpip.TCPSACKEnabled(false), tcpip.CongestionControlOption("reno"), tcpip.TCPRecovery(0)
	setups := []struct {
		name string
		setup
	}{
		{"as they come", setup{}},
		{"no SACK, Reno", setup{options: []tcpip.SettableTransportProtocolOption{&sack, &reno}}},
		{"SACK without RACK", setup{options: []tcpip.SettableTransportProtocolOption{&rack}}},
		{"part 5 -plain", setup{flags: []string{"-plain"}}},
	}
	size, done := howMany(100_000, 1_000_000), 0
	slowest := make(chan time.Duration, len(faults)*len(setups)*len(transfers))
	t.Run("all", func(t *testing.T) {
		for i, fault := range faults {
			for j, s := range setups {
				for k, x := range transfers {
					if !*longRun && (i+j+k)%len(setups) != 0 { // each fault still meets each set-up, and most transfers
						continue
					}
					done++
					flags := append(strings.Fields(fault), append(s.flags, "-seed", fmt.Sprint(1000+i*100+j*10+k))...)
					t.Run(fault+"/"+s.name+"/"+x.name, func(t *testing.T) {
						t.Parallel()
						began := time.Now()
						if err := x.run(newHost(t, setup{options: s.options, flags: flags}), size); err != nil {
							t.Error(err)
						}
						slowest <- time.Since(began)
					})
				}
			}
		}
	})
	close(slowest)
	longest := time.Duration(0)
	for took := range slowest {
		longest = max(longest, took)
	}
	robustRow{Area: "interoperation", What: "netstack: streams over a bad cable", Source: "RFC 9293, 6675, 8985",
		Tried:   fmt.Sprintf("%d transfers of %d bytes each: %s", done, size, strings.Join(faults, "; ")),
		Outcome: fmt.Sprintf("all streams the same at both ends; the slowest took %.1f s", longest.Seconds())}.report(t)
}

// Many connections at once, each with its own stream both ways.
func TestManyConnections(t *testing.T) {
	h := newHost(t, setup{})
	h.server()
	n, size := howMany(200, 1000), 100_000
	began := time.Now()
	errs := make(chan error, n)
	for i := range n {
		go func() {
			c, err := h.dial(7)
			if err == nil {
				_ = c.SetDeadline(time.Now().Add(patience))
				err = echoStream(c, uint64(i), size)
			}
			errs <- err
		}()
	}
	var all error
	for range n {
		all = errors.Join(all, <-errs)
	}
	if all != nil {
		t.Fatal(all)
	}
	robustRow{Area: "interoperation", What: "netstack: many connections at once", Source: "RFC 9293",
		Tried:   fmt.Sprintf("%d connections, %d bytes each way on each", n, size),
		Outcome: fmt.Sprintf("all streams the same at both ends, in %.1f s", time.Since(began).Seconds())}.report(t)
}

// A reader who sleeps closes his window; when he reads again, all goes on (RFC 9293 3.8.6.1).
func TestSleepingReader(t *testing.T) {
	const nap, size = 1500 * time.Millisecond, 8_000_000
	t.Run("all", func(t *testing.T) {
		t.Run("netstack sleeps", func(t *testing.T) {
			t.Parallel()
			const small = 32 << 10
			h := newHost(t, setup{options: []tcpip.SettableTransportProtocolOption{
				&tcpip.TCPReceiveBufferSizeRangeOption{Min: small, Default: small, Max: small}}})
			h.server()
			c := h.connect(19)
			defer c.Close()
			time.Sleep(nap)
			if err := sameStreams(io.LimitReader(c, size), newChargen(size)); err != nil {
				t.Error(err)
			}
		})
		t.Run("part 5 sleeps", func(t *testing.T) {
			t.Parallel()
			if err := newHost(t, setup{nap: nap}).isFetched(size); err != nil {
				t.Error(err)
			}
		})
	})
	robustRow{Area: "interoperation", What: "netstack: a reader who sleeps", Source: "RFC 9293 3.8.6.1",
		Tried:   fmt.Sprintf("each end reads nothing for %v, with the window closed", nap),
		Outcome: fmt.Sprintf("the rest of %d bytes comes then, in both directions", size)}.report(t)
}
