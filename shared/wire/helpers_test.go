package wire

import (
	"encoding/binary"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// numbered returns a frame of the given length that carries its number behind
// the Ethernet header.
func numbered(i, length int) []byte {
	b := make([]byte, length)
	binary.BigEndian.PutUint32(b[headerLen:], uint32(i))
	return b
}

func numberOf(frame []byte) int { return int(binary.BigEndian.Uint32(frame[headerLen:])) }

type arrival struct {
	number int
	at     time.Time
	frame  []byte
}

// reader reads a device in a goroutine until it gives an error.
type reader struct {
	mu   sync.Mutex
	got  []arrival
	err  error
	done chan struct{}
}

func readAll(dev Device) *reader {
	r := &reader{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		buf := make([]byte, maxFrame)
		for {
			n, err := dev.Read(buf)
			if err != nil {
				r.err = err
				return
			}
			a := arrival{at: time.Now(), frame: append([]byte(nil), buf[:n]...)}
			if n >= headerLen+4 {
				a.number = numberOf(buf[:n])
			}
			r.mu.Lock()
			r.got = append(r.got, a)
			r.mu.Unlock()
		}
	}()
	return r
}

func (r *reader) numbers() []int {
	var ns []int
	for _, a := range r.got {
		ns = append(ns, a.number)
	}
	return ns
}

// trip is what became of frames that were sent through an Impair.
type trip struct {
	sent   []time.Time // by number
	got    []arrival
	events []Event // the frames are copies
	counts map[string]int
	other  map[string]int // the counts of the direction that carried nothing
}

func (tr *trip) numbers() []int { return (&reader{got: tr.got}).numbers() }

// events of one kind, as frame numbers in order.
func (tr *trip) hit(what string) []int {
	var ns []int
	for _, e := range tr.events {
		if e.What == what {
			ns = append(ns, numberOf(e.Frame))
		}
	}
	return ns
}

// traffic is n frames of a length, one per gap (0: all in one instant), out
// through an Impair or in.
type traffic struct {
	out       bool
	n, length int
	gap       time.Duration
}

// send runs in virtual time until everything has arrived.
func (tc traffic) send(t *testing.T, f Faults) *trip {
	t.Helper()
	tr := &trip{}
	synctest.Test(t, func(t *testing.T) {
		f.Report = func(e Event) {
			if e.Out != tc.out {
				t.Errorf("%s reported for the wrong direction", e.What)
			}
			e.Frame = append([]byte(nil), e.Frame...)
			tr.events = append(tr.events, e)
		}
		seg := New(2)
		im := Impair(seg.End(0), f)
		from, to := Device(seg.End(1)), Device(im)
		if tc.out {
			from, to = to, from
		}
		r := readAll(to)
		for i := range tc.n {
			tr.sent = append(tr.sent, time.Now())
			if n, err := from.Write(numbered(i, tc.length)); n != tc.length || err != nil {
				t.Fatalf("Write of frame %d: %d, %v", i, n, err)
			}
			if tc.gap > 0 {
				time.Sleep(tc.gap)
			}
		}
		time.Sleep(24 * time.Hour)
		im.Close()
		seg.End(1).Close()
		<-r.done
		tr.got = r.got
		tr.counts, tr.other = im.Counts()
		if !tc.out {
			tr.counts, tr.other = tr.other, tr.counts
		}
	})
	return tr
}

// bothWays runs a test for each direction.
func bothWays(t *testing.T, f func(t *testing.T, out bool)) {
	for _, out := range []bool{true, false} {
		t.Run(map[bool]string{true: "out", false: "in"}[out], func(t *testing.T) {
			t.Parallel()
			f(t, out)
		})
	}
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
