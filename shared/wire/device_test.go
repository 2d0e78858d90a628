package wire

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := New(3)
		// The fault belongs to end 1's cable: end 2 gets everything.
		bad := Impair(seg.End(1), Faults{DropIn: func(frame []byte) bool { return numberOf(frame)%2 == 0 }})
		devs := []Device{seg.End(0), bad, seg.End(2)}
		var readers []*reader
		for _, d := range devs {
			readers = append(readers, readAll(d))
		}
		for i := range 6 {
			devs[i%3].Write(numbered(i, 60))
			time.Sleep(time.Millisecond)
		}
		for _, d := range devs {
			d.Close()
		}
		for i, want := range [][]int{{1, 2, 4, 5}, {3, 5}, {0, 1, 3, 4}} {
			<-readers[i].done
			if got := readers[i].numbers(); !slices.Equal(got, want) {
				t.Errorf("end %d read %v, want %v", i, got, want)
			}
		}
	})
}

func TestWriteCopiesAndReadCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, f := range map[string]Faults{"plain": {}, "delayed": {Delay: 1}, "held": {Reorder: 1}} {
			seg := New(2)
			im := Impair(seg.End(0), f)
			frame := numbered(9, 60)
			im.Write(frame)
			clear(frame)
			time.Sleep(time.Second)
			buf := make([]byte, 20)
			n, err := seg.End(1).Read(buf)
			if n != 20 || err != nil || !bytes.Equal(buf, numbered(9, 60)[:20]) {
				t.Errorf("%s: Read: %d, %v, % x", name, n, err, buf)
			}
			if seg.End(1).Buffered() != 0 {
				t.Errorf("%s: the rest of a cut frame is left", name)
			}
			im.Close()
			seg.End(1).Close()
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	seg := New(1)
	for _, dev := range []Device{seg.End(0), Impair(&fake{}, Faults{DropOut: func([]byte) bool { return false }})} {
		if _, err := dev.Write(nil); err != syscall.EINVAL {
			t.Errorf("empty frame: %v", err)
		}
		if _, err := dev.Write(make([]byte, maxFrame+1)); err != syscall.EMSGSIZE {
			t.Errorf("endless frame: %v", err)
		}
		if n, err := dev.Write(make([]byte, maxFrame)); n != maxFrame || err != nil {
			t.Errorf("longest frame: %d, %v", n, err)
		}
	}
}

func TestLinkDown(t *testing.T) {
	for name, f := range map[string]Faults{"plain": {}, "impaired": {DropOut: never, DropIn: never}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seg := New(2)
				a, b := Impair(seg.End(0), f), seg.End(1)
				r, other := readAll(a), readAll(b)
				seg.End(0).SetLink(false)
				if _, err := a.Write(numbered(0, 60)); err != syscall.EIO {
					t.Errorf("Write while down: %v", err)
				}
				b.Write(numbered(1, 60))
				time.Sleep(5 * time.Second)
				if len(r.got) != 0 || r.err != nil {
					t.Errorf("Read while down: %v, %v", r.got, r.err)
				}
				seg.End(0).SetLink(true)
				b.Write(numbered(2, 60))
				_, err := a.Write(numbered(3, 60))
				must(t, err)
				time.Sleep(time.Second)
				a.Close()
				b.Close()
				<-r.done
				<-other.done
				if !slices.Equal(r.numbers(), []int{2}) || !slices.Equal(other.numbers(), []int{3}) {
					t.Errorf("read %v and %v", r.numbers(), other.numbers())
				}
				if seg.End(0).Lost() != 1 {
					t.Errorf("lost %d", seg.End(0).Lost())
				}
			})
		})
	}
}

func never([]byte) bool { return false }

// As on a TAP (tried with Linux 6.18), what waits when the link goes down can
// still be read.
func TestLinkDownKeepsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := New(2)
		seg.End(1).Write(numbered(1, 60))
		time.Sleep(time.Millisecond)
		seg.End(0).SetLink(false)
		if n := seg.End(0).Buffered(); n != 1 {
			t.Errorf("Buffered is %d", n)
		}
		n, err := seg.End(0).Read(make([]byte, 100))
		if n != 60 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
	})
}

// A frame whose delay ends while the link is down is lost and reported.
func TestLateWriteFails(t *testing.T) {
	for name, f := range map[string]Faults{"delay": {Delay: time.Second}, "reorder": {Reorder: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var events []Event
			f.Report = func(e Event) {
				if e.What == Lost {
					events = append(events, e)
				}
			}
			seg := New(2)
			im := Impair(seg.End(0), f)
			seg.End(0).SetLink(false)
			if n, err := im.Write(numbered(1, 60)); n != 60 || err != nil {
				t.Errorf("%s: Write: %d, %v", name, n, err)
			}
			time.Sleep(2 * time.Second)
			out, _ := im.Counts()
			if len(events) != 1 || events[0].Err != syscall.EIO || !events[0].Out || out[Lost] != 1 {
				t.Errorf("%s: events %v, counts %v", name, events, out)
			}
			im.Close()
		})
	}
}

var someFaults = map[string]Faults{
	"zero":    {},
	"loss":    {Loss: 0.1},
	"delay":   {Delay: time.Second},
	"reorder": {Reorder: 1},
	"all":     {Loss: 0.1, Duplicate: 0.1, Reorder: 0.1, Corrupt: 0.1, Delay: 1, Jitter: 1, Rate: 1e6},
}

// Close and Remove end a Read that waits, and leave no goroutine: a bubble with
// a blocked goroutine fails by itself.
func TestEndWhileReadWaits(t *testing.T) {
	for name, f := range someFaults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seg := New(2)
				im := Impair(seg.End(0), f)
				r, other := readAll(im), readAll(seg.End(1))
				synctest.Wait()
				im.Write(numbered(1, 60))
				seg.End(1).Write(numbered(2, 60))
				must(t, im.Close())
				seg.End(1).Remove()
				<-r.done
				<-other.done
				if r.err != os.ErrClosed || other.err != errRemoved || len(r.got) != 0 {
					t.Errorf("Read: %v and %v", r.err, other.err)
				}
				if _, err := im.Write(numbered(3, 60)); err != os.ErrClosed {
					t.Errorf("Write after Close: %v", err)
				}
				if _, err := seg.End(1).Write(numbered(3, 60)); err != errRemoved {
					t.Errorf("Write after Remove: %v", err)
				}
				if err := im.Close(); err != os.ErrClosed {
					t.Errorf("second Close: %v", err)
				}
				must(t, seg.End(1).Close())
				if _, err := seg.End(1).Read(nil); err != os.ErrClosed {
					t.Errorf("Read after Remove and Close: %v", err)
				}
			})
		})
	}
}

// No timer acts after Close, and what was under way is gone.
func TestCloseStopsTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := New(2)
		dev := &fake{}
		im := Impair(dev, Faults{Delay: time.Second, Reorder: 0.5})
		for i := range 10 {
			im.Write(numbered(i, 60))
		}
		seg.End(0).Write(numbered(1, 60))
		must(t, im.Close())
		must(t, seg.End(1).Close())
		if im.out.line.timer.Stop() || seg.End(1).line.timer.Stop() {
			t.Error("a timer was running after Close")
		}
		time.Sleep(time.Minute)
		if len(dev.written) != 0 {
			t.Errorf("%d frames written after Close", len(dev.written))
		}
	})
}

// A lost device's error comes after the frames that came before it.
func TestDeviceLost(t *testing.T) {
	lost := errors.New("device lost")
	for name, f := range map[string]Faults{
		"at once": {DropIn: never}, "delay": {Delay: time.Second}, "held": {Reorder: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			dev := &fake{}
			im := Impair(dev, f)
			dev.give(5)
			dev.fail(lost)
			synctest.Wait()
			r := readAll(im)
			<-r.done
			if !slices.Equal(r.numbers(), []int{0, 1, 2, 3, 4}) || r.err != lost {
				t.Errorf("%s: read %v, then %v", name, r.numbers(), r.err)
			}
			im.Close()
		})
	}
}

func TestReceiveQueuesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := New(3)
		im := Impair(seg.End(2), Faults{DropIn: never})
		for i := range 1300 {
			seg.End(0).Write(numbered(i, 60))
		}
		time.Sleep(time.Second)
		if n, lost := seg.End(1).Buffered(), seg.End(1).Lost(); n != maxWaiting || lost != 300 {
			t.Errorf("an end holds %d frames and lost %d", n, lost)
		}
		_, in := im.Counts()
		if n := im.Buffered(); n != maxWaiting || in[QueueFull] != 300 {
			t.Errorf("an Impair holds %d frames, %v", n, in)
		}
		im.Close()
	})
}

// Buffered is right through every wrapper.
func TestBuffered(t *testing.T) {
	for name, f := range someFaults {
		synctest.Test(t, func(t *testing.T) {
			f.Loss, f.Duplicate = 0, 0
			seg := New(2)
			im := Impair(Impair(seg.End(0), f), f)
			for i := range 50 {
				seg.End(1).Write(numbered(i, 60))
			}
			if im.Buffered() != 0 {
				t.Errorf("%s: %d frames are there before they have arrived", name, im.Buffered())
			}
			time.Sleep(time.Minute)
			for left := 50; left > 0; left-- {
				if n := im.Buffered(); n != left {
					t.Fatalf("%s: Buffered is %d, want %d", name, n, left)
				}
				_, err := im.Read(make([]byte, 100))
				must(t, err)
			}
			im.Close()
		})
	}
}

// A burst that the device holds reaches the reader as one batch.
func TestBatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev := &fake{}
		im := Impair(Impair(dev, Faults{DropIn: never}), Faults{DropIn: never})
		first := make(chan int)
		go func() {
			im.Read(make([]byte, 100))
			first <- 1 + im.Buffered()
		}()
		synctest.Wait()
		dev.give(batch)
		if n := <-first; n != batch {
			t.Errorf("the reader was woken with %d of %d frames", n, batch)
		}
		im.Close()
	})
}

// Everything at once in real time, for the race detector.
func TestConcurrentUse(t *testing.T) {
	seg := New(3)
	seg.Observe(func(time.Time, int, []byte) {})
	f := Faults{Loss: 0.1, Duplicate: 0.1, Reorder: 0.1, Corrupt: 0.1, Jitter: time.Microsecond, Report: func(Event) {}}
	devs := []Device{Impair(seg.End(0), f), Impair(seg.End(1), f), seg.End(2)}
	var wg sync.WaitGroup
	for _, d := range devs {
		r := readAll(d)
		defer func() { <-r.done }()
		for range 2 {
			wg.Go(func() {
				for i := range 500 {
					d.Write(numbered(i, 60))
					d.Buffered()
					seg.End(2).SetLink(i%2 == 0)
				}
			})
		}
	}
	wg.Wait()
	for _, d := range devs {
		must(t, d.Close())
	}
}
