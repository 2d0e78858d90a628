// Package wire is the bench cable: an Ethernet segment in memory for tests, and
// faults that can be put around any device, the segment's ends or a real TAP.
//
//	seg := wire.New(2)                               // a cable with two ends
//	a := wire.Impair(seg.End(0), wire.Faults{Loss: 0.05, Seed: 1})
//	b := seg.End(1)                                  // a and b are Devices
//
// One Write puts one frame on the segment, and every other end reads it about
// a microsecond later. Write never blocks and never sleeps: a frame that has to
// wait is queued, and one timer per direction delivers it.
//
// Everything is made to run inside testing/synctest, where one seed has to give
// one history. Two goroutines that wake in the same instant run in any order, so
// each direction delivers on its own lane: instants whose UnixNano modulo 64 is
// a number that no other direction uses. Lane 0 is nobody's: a test that starts
// at the bubble's first instant and waits whole milliseconds stays on it.
package wire

import (
	"fmt"
	"time"
)

// Device is what a stack is plugged into. One call, one frame.
type Device interface {
	// Read waits for a frame and copies it to the buffer. A frame longer than
	// the buffer is cut.
	Read([]byte) (int, error)
	// Write sends one frame. It never waits, and keeps no reference to the frame.
	Write([]byte) (int, error)
	// Close is this end's own: Read, also one that waits, and Write give
	// os.ErrClosed afterwards.
	Close() error
	// Buffered is the number of frames that Read will return without waiting.
	Buffered() int
}

const (
	// maxFrame is the longest frame: the largest IPv4 datagram, the Ethernet
	// header and a VLAN tag.
	maxFrame = 65535 + 14 + 4

	// maxWaiting is how many frames wait for a reader, as many as in a Linux
	// TAP (its txqueuelen). The next one is lost.
	maxWaiting = 1000

	// maxFlying is how many frames one direction carries at a time. A window of
	// 8 MB is 5750 frames of 1460 bytes, so this holds it and as many duplicates.
	maxFlying = 16384

	// hop is what a segment takes to carry a frame from one end to another.
	hop = time.Microsecond
)

// Each end of a segment owns five lanes: its own and those of two Impairs
// around it. Two Impairs around a device that is no end use the last three and
// share the last pair.
const (
	lanes       = 64
	lanesPerEnd = 5
	maxEnds     = 12
	foreignLane = 1 + maxEnds*lanesPerEnd
)

// New returns an Ethernet segment with n ends, 1 to 12. It is a hub: what one end
// writes, every other end reads.
func New(n int) *Segment {
	if n < 1 || n > maxEnds {
		panic(fmt.Sprintf("wire.New(%d): a segment has 1 to %d ends", n, maxEnds))
	}
	s := &Segment{}
	for i := range n {
		s.ends = append(s.ends, newEnd(s, i))
	}
	return s
}
