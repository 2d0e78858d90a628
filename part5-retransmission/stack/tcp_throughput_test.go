//go:build linux

package stack

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// writeTable has TestThroughput write the table that it else compares with.
var writeTable = flag.Bool("table", false, "write docs/throughput.txt")

const throughputFile = "../../docs/throughput.txt"

const throughputHead = `Throughput over a bad cable, in Mbit/s
======================================

Two stacks of part 5 on a cable of 100 Mbit/s, with a queue of 100 frames in front of it,
in virtual time: bytes that have arrived within 10 seconds, and from 5 % on within a
minute, on average over 3 seeds.
Each frame is lost with the probability at the left, in both directions. The second
figure is that of the same code without SACK and timestamps, and therefore without
detection by time: NewReno. At no loss at all it is ahead by the 12 bytes that
timestamps take of each segment.

Written by "go test ./part5-retransmission -run TestThroughput -args -long -table", compared
with the code by "... -args -long", and three of its cells by each run of the tests.

`

var (
	throughputLoss = []float64{0, 0.001, 0.01, 0.05, 0.10, 0.25}
	throughputRTT  = []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond}
)

// The table in docs/throughput.txt is exact: whatever changes the recovery from losses
// changes it.
func TestThroughput(t *testing.T) {
	if !*suite.Long {
		testThroughputCells(t)
		return
	}
	var b strings.Builder
	b.WriteString(throughputHead + "   loss      RTT 0 ms         RTT 20 ms        RTT 100 ms\n")
	for _, loss := range throughputLoss {
		fmt.Fprintf(&b, "%5.1f %%", loss*100)
		for _, rtt := range throughputRTT {
			fmt.Fprintf(&b, "  %s", throughputCell(t, loss, rtt))
		}
		b.WriteString("\n")
	}
	if *writeTable {
		if err := os.WriteFile(throughputFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(throughputFile); err != nil || string(want) != b.String() {
		t.Errorf("%v: docs/throughput.txt should be\n%s", err, b.String())
	}
}

// testThroughputCells compares three cells with the table.
func testThroughputCells(t *testing.T) {
	table, err := os.ReadFile(throughputFile)
	if err != nil {
		t.Fatal(err)
	}
	cells := [][2]int{{4, 2}, {1, 0}, {2, 1}}
	if suite.RaceEnabled {
		cells = cells[:1] // the one with the fewest segments: the figures are the same
	}
	for _, cell := range cells {
		loss, rtt := throughputLoss[cell[0]], throughputRTT[cell[1]]
		got := throughputCell(t, loss, rtt)
		if want := tableCell(string(table), loss, cell[1]); got != want {
			t.Errorf("loss %v, RTT %v: %q, docs/throughput.txt has %q", loss, rtt, got, want)
		}
	}
}

// tableCell returns what the table has in a column, in the row for a loss.
func tableCell(table string, loss float64, column int) string {
	for line := range strings.Lines(table) {
		row, found := strings.CutPrefix(line, fmt.Sprintf("%5.1f %%", loss*100))
		if found {
			const width = len("  " + "123.45  123.45 ")
			return row[column*width+len("  ") : (column+1)*width]
		}
	}
	return ""
}

// throughputCell returns the two figures for a cable.
func throughputCell(t *testing.T, loss float64, rtt time.Duration) string {
	const seeds = 3
	d := 10 * time.Second
	if loss >= 0.05 {
		d = time.Minute // in ten seconds too little happens
	}
	var mbit [2]float64
	for i, plain := range []bool{false, true} {
		for seed := range seeds {
			n := throughput(t, wire.Faults{Loss: loss, Delay: rtt / 2, Rate: 100e6, Queue: 100, Seed: uint64(seed + 1)}, plain, d)
			mbit[i] += float64(n) * 8 / d.Seconds() / 1e6 / seeds
		}
	}
	return fmt.Sprintf("%6.2f  %6.2f ", mbit[0], mbit[1])
}

// throughput sends for a while over a bad cable and returns how much has arrived, in
// bytes.
func throughput(t *testing.T, faults wire.Faults, plain bool, d time.Duration) (got int64) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		ours, peer := New(wire.Impair(seg.End(0), faults), quietConfig()), New(seg.End(1), peerConfig())
		for _, s := range []*Stack{ours, peer} {
			s.tcp.noSACK = plain
			go s.Run()
		}
		defer ours.Close()
		defer peer.Close()
		l, err := peer.Listen(9)
		if err != nil {
			t.Fatal(err)
		}
		count := make(chan int64, 1)
		go func() {
			c, err := l.AcceptTCP()
			if err != nil {
				count <- 0
				return
			}
			n, _ := io.Copy(io.Discard, c)
			count <- n
		}()
		go func() {
			if c, err := ours.DialTCP(t.Context(), netip.AddrPortFrom(peerIP, 9)); err == nil {
				apps.Chargen(c)
			}
		}()
		time.Sleep(d)
		peer.Close()
		got = <-count
	})
	return got
}
