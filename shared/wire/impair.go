package wire

import (
	"errors"
	"maps"
	"os"
	"sync"
)

// Impaired is a device behind a bad cable.
type Impaired struct {
	dev Device
	out *direction // frames that are written
	in  *direction // frames that are read; its lock guards what follows

	waiting  queue[[]byte] // frames that Read will return
	wake     *sync.Cond    // waiting, err or in.closed changed
	err      error         // why the device can no longer be read
	freeLane [2]int64      // first and end of the lanes left for an Impair around this one
}

// batch is how many frames are taken from the device before the reader is
// woken: as many as a stack handles under one lock.
const batch = 64

// Impair puts faults on the cable of a device, in each direction. A direction
// without faults is passed through as it is; the other one costs a copy
// of each frame, and reading through it one goroutine, which ends with Close or
// with the loss of the device.
//
// A frame that goes out at once has the result that the device gives, for
// example EIO when the link is down. One that waits is taken with no error; if
// the device refuses it later, it is lost and reported. When the device is lost,
// Read returns its error after all frames that came before. Close closes the
// device and loses what is under way.
func Impair(dev Device, f Faults) *Impaired {
	first, end := lanesOf(dev)
	im := &Impaired{dev: dev, freeLane: [2]int64{first + 2, end}}
	im.out = newDirection(f, true, first)
	im.out.hand = dev.Write
	im.in = newDirection(f, false, first+1)
	im.in.hand = im.deliver
	im.wake = sync.NewCond(&im.in.mu)
	im.in.afterLate = im.wake.Broadcast
	if !im.in.clear() {
		go im.pump()
	}
	return im
}

// Read waits for a frame and copies it to b, cut to the length of b.
func (im *Impaired) Read(b []byte) (int, error) {
	if im.in.clear() {
		return im.dev.Read(b)
	}
	im.in.mu.Lock()
	defer im.in.mu.Unlock()
	for {
		switch {
		case im.in.closed:
			return 0, os.ErrClosed
		case im.waiting.len() > 0:
			frame := im.waiting.pop()
			n := copy(b, frame)
			im.in.line.release(frame)
			return n, nil
		case im.err != nil && im.in.idle():
			return 0, im.err
		}
		im.wake.Wait()
	}
}

// Write sends a frame, or what the faults leave of it. It never waits.
func (im *Impaired) Write(frame []byte) (int, error) {
	if im.out.clear() {
		return im.dev.Write(frame)
	}
	if err := check(frame); err != nil {
		return 0, err
	}
	im.out.mu.Lock()
	defer im.out.mu.Unlock()
	if im.out.closed {
		return 0, os.ErrClosed
	}
	return im.out.pass(frame)
}

// Buffered is the number of frames that Read will return without waiting.
func (im *Impaired) Buffered() int {
	if im.in.clear() {
		return im.dev.Buffered()
	}
	im.in.mu.Lock()
	defer im.in.mu.Unlock()
	return im.waiting.len()
}

// Close closes the device and leaves no timer and no goroutine behind. Frames
// under way are lost. Read, also one that waits, and Write give os.ErrClosed.
func (im *Impaired) Close() error {
	im.out.mu.Lock()
	im.out.stop()
	im.out.mu.Unlock()

	im.in.mu.Lock()
	im.in.stop()
	im.waiting = queue[[]byte]{}
	im.wake.Broadcast()
	im.in.mu.Unlock()
	return im.dev.Close()
}

// Counts tells how often each fault has happened, by the words of Event.What.
func (im *Impaired) Counts() (out, in map[string]int) {
	return im.out.copyCounts(), im.in.copyCounts()
}

func (d *direction) copyCounts() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.counts)
}

// pump reads the device until it is closed or lost.
func (im *Impaired) pump() {
	buf := make([]byte, maxFrame)
	for {
		err := im.readBatch(buf)
		im.in.mu.Lock()
		im.err = err
		im.wake.Broadcast()
		im.in.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// readBatch waits for a frame and takes all that are there with it, so that the
// reader, who is woken once, finds them all in Buffered.
func (im *Impaired) readBatch(buf []byte) error {
	for i := 0; i == 0 || i < batch && im.dev.Buffered() > 0; i++ {
		n, err := im.dev.Read(buf)
		if err != nil {
			return err
		}
		im.in.mu.Lock()
		if !im.in.closed {
			im.in.pass(buf[:n])
		}
		im.in.mu.Unlock()
	}
	return nil
}

// deliver puts a frame where Read finds it. The in direction's lock is held.
func (im *Impaired) deliver(frame []byte) (int, error) {
	if im.waiting.len() >= maxWaiting {
		return 0, errNoRoom
	}
	im.waiting.push(im.in.line.clone(frame))
	return len(frame), nil
}

// errNoRoom is what deliver says of a frame that finds the queue of the reader full.
var errNoRoom = errors.New("nobody reads")

// lanesOf finds the lanes for an Impair around the device: behind those that the
// device itself uses. A wrapper of another package, such as a recorder, is looked
// through if it has a method Unwrap() Device.
func lanesOf(dev Device) (first, end int64) {
	switch d := dev.(type) {
	case *End:
		return d.lanes()
	case *Impaired:
		first, end = d.freeLane[0], d.freeLane[1]
		if end-first < 2 {
			// Three deep, no lane is left: share the last pair.
			first -= 2
		}
		return first, end
	case interface{ Unwrap() Device }:
		return lanesOf(d.Unwrap())
	}
	return foreignLane, lanes
}
