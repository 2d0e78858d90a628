package wire

import (
	"os"
	"runtime"
	"sync"
)

// fake is a device in place of a TAP: it hands out the frames it was given, all
// there at once, and records what is written.
type fake struct {
	mu      sync.Mutex
	cond    *sync.Cond
	frames  [][]byte
	written [][]byte
	err     error
}

func (d *fake) lock() {
	d.mu.Lock()
	if d.cond == nil {
		d.cond = sync.NewCond(&d.mu)
	}
}

// give makes n frames arrive in one instant.
func (d *fake) give(n int) {
	d.lock()
	defer d.mu.Unlock()
	for i := range n {
		d.frames = append(d.frames, numbered(i, 60))
	}
	d.cond.Broadcast()
}

// fail makes the device unusable once its frames have been read.
func (d *fake) fail(err error) {
	d.lock()
	defer d.mu.Unlock()
	d.err = err
	d.cond.Broadcast()
}

func (d *fake) Read(b []byte) (int, error) {
	d.lock()
	defer d.mu.Unlock()
	for len(d.frames) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.cond.Wait()
	}
	n := copy(b, d.frames[0])
	// A reader that has been woken too early gets the time to show it.
	for range 20 {
		runtime.Gosched()
	}
	d.frames = d.frames[1:]
	return n, nil
}

func (d *fake) Write(b []byte) (int, error) {
	d.lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, d.err
	}
	d.written = append(d.written, append([]byte(nil), b...))
	return len(b), nil
}

func (d *fake) Close() error {
	d.fail(os.ErrClosed)
	return nil
}

func (d *fake) Buffered() int {
	d.lock()
	defer d.mu.Unlock()
	return len(d.frames)
}

// sink is a device that takes every frame and gives none.
type sink struct{ fake }

func (*sink) Write(b []byte) (int, error) { return len(b), nil }
