package stack

import (
	"io"
	"testing"
	"time"

	"framebyframe/shared/wire"
)

// The same transfer with SACK and without, with one segment lost in it and with three of
// one window.
func init() {
	for name, lost := range map[string][]int{"one-loss": {20}, "three-losses": {20, 24, 28}} {
		for ending, plain := range map[string]bool{"-sack": false, "-plain": true} {
			recordings[name+ending] = func(t *testing.T) *recording { return recordLosses(t, plain, lost) }
		}
	}
}

// recordLosses records a transfer of 100 segments on a path of 8 Mbit/s with a round trip
// of 100 ms.
func recordLosses(t *testing.T, plain bool, lost []int) *recording {
	faults := wire.Faults{Delay: 50 * time.Millisecond, Rate: 8e6, DropOut: dropFull(lost)}
	from, to, r := recordPair(t, faults, func(s *Stack) { s.tcp.noSACK = plain })
	defer to.s.Close()
	defer from.s.Close()
	from.SetNoDelay(true) // the last segment need not wait for the others
	r.send(t, from, to, 140_000)
	time.Sleep(200 * time.Millisecond)
	if n := r.rows("lost"); n != len(lost) {
		t.Errorf("%d segments were lost, want %d", n, len(lost))
	}
	if n := r.rows("sack"); n == 0 != plain {
		t.Errorf("%d SACK blocks, without SACK: %v", n, plain)
	}
	return r
}

// dropFull loses full frames by their numbers, counted from 1 and in order.
func dropFull(numbers []int) func(frame []byte) bool {
	count := 0
	return func(frame []byte) bool {
		if len(frame) == etherHeaderLen+1500 {
			count++
		}
		if len(numbers) == 0 || count < numbers[0] || len(frame) < etherHeaderLen+1500 {
			return false
		}
		numbers = numbers[1:]
		return true
	}
}

// send writes n bytes and waits until the receiver has read them all.
func (r *recording) send(t *testing.T, from, to *Conn, n int) {
	go func() {
		if _, err := from.Write(pattern(n)); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		t.Error(err)
	}
}
