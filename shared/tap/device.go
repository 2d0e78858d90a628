//go:build linux

// Package tap opens the cable between a stack and the kernel.
//
// A TAP device is a network card without hardware. The kernel sees an
// interface, tap0, with an address of its own, and sends and receives Ethernet
// frames there. The program that opened the device is what is plugged in at
// the other end: each read gives it one frame that the kernel sent, each write
// hands the kernel one frame as if it had come in from a cable.
package tap

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBuffered is how many frames one Read takes from the kernel. A stack that
// handles them as one batch can answer them with one acknowledgment.
const maxBuffered = 64

// maxFrame is the longest frame that a device of the given MTU carries: the
// Ethernet header's 14 bytes and a VLAN tag's 4 come on top, and one more byte
// shows that a frame was longer still.
func maxFrame(mtu int) int { return mtu + 14 + 4 + 1 }

// Device is a TAP device, or a socket in its place. Read and Buffered belong
// to one goroutine; Write and Close may be called from any.
type Device struct {
	name string // "tap0", "fd:3"
	file *os.File
	raw  syscall.RawConn

	// Frames that were read together and wait to be asked for.
	queue [maxBuffered][]byte
	next  int // the first frame that waits
	count int // how many frames the last batch had
	err   error
	drain func(fd uintptr) bool // readBatch, made once: a closure costs an allocation
	ask   func(fd uintptr)      // the same for those who will not wait

	// datagrams says that the device is a datagram socket: a read of no bytes is a
	// message of no bytes there, and not the end.
	datagrams bool

	writing sync.Mutex
	out     []byte
	outErr  error
	emit    func(fd uintptr) bool // writeFrame, made once
}

func newDevice(name string, file *os.File, mtu int) (*Device, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d := &Device{name: name, file: file, raw: raw}
	d.drain = d.readBatch
	d.ask = func(fd uintptr) { d.readBatch(fd) }
	d.emit = d.writeFrame
	for i := range d.queue {
		d.queue[i] = make([]byte, 0, maxFrame(mtu))
	}
	return d, nil
}

func (d *Device) isSocket() bool { return strings.HasPrefix(d.name, "fd:") }

// Name returns the device's name: what the kernel calls it, or "fd:3".
func (d *Device) Name() string { return d.name }

// Read waits for a frame and copies it into b. A frame longer than b is cut.
// After Close it returns os.ErrClosed, when the device was deleted unix.EBADFD,
// and when the other end of a seqpacket socket is closed unix.ECONNRESET; of a
// datagram socket nobody tells. While the link is down it waits.
func (d *Device) Read(b []byte) (int, error) {
	if d.next == d.count {
		d.next, d.count, d.err = 0, 0, nil
		// A device that the runtime will not wait for has been deleted, and says so itself.
		if !d.poll() && d.raw.Read(d.drain) != nil && d.raw.Control(d.ask) != nil {
			return 0, os.ErrClosed
		}
		if d.count == 0 {
			return 0, os.NewSyscallError("read "+d.name, d.err)
		}
	}
	n := copy(b, d.queue[d.next])
	d.next++
	return n, nil
}

// busyPoll is for how long Read asks for the next frame again and again before it lets the
// thread sleep. The answer to what was sent last is often there within that time, and to wake
// a thread on an idle processor takes tens of microseconds, in a virtual machine above all. A
// stack to which nobody sends anything does not use the processor.
const busyPoll = 50 * time.Microsecond

// poll reports whether a frame, or an error, came within busyPoll. All other goroutines have
// their turn meanwhile.
func (d *Device) poll() bool {
	for start := time.Now(); d.raw.Control(d.ask) == nil; runtime.Gosched() {
		if d.count > 0 || d.err != nil {
			return true
		}
		if time.Since(start) > busyPoll {
			break
		}
	}
	return false
}

// Buffered returns how many frames Read will return without waiting.
func (d *Device) Buffered() int { return d.count - d.next }

// readBatch reads frames until there are no more, or maxBuffered are there.
// It returns false if there was none: then the runtime waits for the next one
// and calls again.
func (d *Device) readBatch(fd uintptr) bool {
	for d.count < maxBuffered {
		b := d.queue[d.count][:cap(d.queue[d.count])]
		n, err := rawCall(unix.SYS_READ, fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return d.count > 0
		case err == nil && n == 0 && !d.datagrams:
			err = unix.ECONNRESET // the other end of a socket is closed
		}
		if err != nil {
			d.err = err // told by this Read; if frames came before, the next one asks again
			return true
		}
		d.queue[d.count] = b[:n]
		d.count++
	}
	return true
}

// Write sends the frame b and never waits. An error means that the frame is
// lost: unix.EIO while the link is down, unix.EBADFD after the device was
// deleted, unix.EAGAIN if the other end of a socket does not keep up.
func (d *Device) Write(b []byte) (int, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.out = b
	err := d.raw.Write(d.emit)
	d.out = nil
	switch {
	case err != nil:
		return 0, os.ErrClosed
	case d.outErr != nil:
		return 0, os.NewSyscallError("write "+d.name, d.outErr)
	}
	return len(b), nil
}

// writeFrame makes one attempt. It always returns true, which tells the
// runtime not to wait until the device can take more.
func (d *Device) writeFrame(fd uintptr) bool {
	for {
		_, d.outErr = rawCall(unix.SYS_WRITE, fd, d.out)
		if d.outErr != unix.EINTR {
			return true
		}
	}
}

// rawCall is unix.Read or unix.Write without a word to Go's scheduler, which would cost more
// than the stack spends on a whole header. The descriptor is in non-blocking mode, so the
// kernel never makes the caller wait.
func rawCall(call, fd uintptr, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// Close ends every Read and Write. The kernel deletes the TAP device with the
// last descriptor, unless somebody made it persistent.
func (d *Device) Close() error { return d.file.Close() }
