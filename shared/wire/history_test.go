package wire

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// node is a program on one end: it answers each request, and sends one of its
// own on every tick, whatever the network does.
type node struct {
	dev     Device
	name    byte
	history []string
}

// ask sends 150 requests, one per tick.
func (n *node) ask(tick time.Duration) {
	for i := range 150 {
		n.dev.Write(message('?', n.name, i))
		time.Sleep(tick)
	}
}

// answer reads until the device is closed.
func (n *node) answer() {
	buf := make([]byte, 2000)
	for {
		k, err := n.dev.Read(buf)
		if err != nil {
			return
		}
		n.history = append(n.history, fmt.Sprintf("%c %d %x", n.name, time.Now().UnixNano(), buf[:k]))
		if buf[20] == '?' {
			buf[20] = '!'
			n.dev.Write(buf[:k])
		}
	}
}

func message(kind, from byte, i int) []byte {
	b := numbered(i, 60+i%7*100)
	b[20], b[21] = kind, from
	return b
}

// history runs both programs for some seconds and returns all that was written
// to the segment and all that was read, with the instants.
func history(t *testing.T, f Faults, seed uint64) (lines []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seg := New(2)
		seg.Observe(func(at time.Time, from int, frame []byte) {
			h := fnv.New32()
			h.Write(frame)
			lines = append(lines, fmt.Sprintf("seg %d %d %x", at.UnixNano(), from, h.Sum32()))
		})
		nodes := make([]*node, 2)
		var wg sync.WaitGroup
		for i := range nodes {
			f.Seed = seed + uint64(i)
			nodes[i] = &node{dev: Impair(seg.End(i), f), name: byte('A' + i)}
			wg.Go(nodes[i].answer)
		}
		for i, n := range nodes {
			wg.Go(func() { n.ask(time.Duration(7+4*i) * time.Millisecond) })
			// The two must not write in one instant: without a delay nothing
			// would say who is first.
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(5 * time.Second)
		for _, n := range nodes {
			n.dev.Close()
		}
		wg.Wait()
		for _, n := range nodes {
			lines = append(lines, n.history...)
		}
	})
	return lines
}

func TestOneSeedOneHistory(t *testing.T) {
	for name, f := range map[string]Faults{
		"all faults": {Loss: 0.05, Duplicate: 0.05, Reorder: 0.1, Corrupt: 0.02,
			Delay: 20 * time.Millisecond, Jitter: 15 * time.Millisecond, Rate: 1e6, Queue: 10},
		"no delay": {Loss: 0.05, Duplicate: 0.05, Reorder: 0.1},
		"none":     {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := history(t, f, 1)
			if len(first) < 600 {
				t.Fatalf("a history of %d lines", len(first))
			}
			for i := range 19 {
				if h := history(t, f, 1); !slices.Equal(first, h) {
					t.Fatalf("run %d differs from the first: %d lines and %d", i+2, len(h), len(first))
				}
			}
			if f.Any() && slices.Equal(first, history(t, f, 100)) {
				t.Error("another seed gave the same history")
			}
		})
	}
}
