//go:build linux

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// A transfer is what came through in some time.
type transfer struct {
	bytes    float64
	segments float64 // that the kernel sent with data
	took     time.Duration
	cpu      time.Duration // of the peer
}

func (t transfer) mbit() float64 {
	if t.took == 0 {
		return 0
	}
	return t.bytes * 8 / 1e6 / t.took.Seconds()
}

// perGB is the peer's CPU time, in seconds for each 10^9 bytes.
func (t transfer) perGB() float64 { return t.cpu.Seconds() / t.bytes * 1e9 }

// perSegment is the peer's CPU time, in nanoseconds for each segment with data that it got.
func (t transfer) perSegment() float64 { return float64(t.cpu.Nanoseconds()) / t.segments }

func bulkReceive(t *trial) (values, error) {
	got, err := t.toPeer("")
	return values{"bulk/receive/rate": got.mbit(), "bulk/receive/cpu": got.perGB()}, err
}

func bulkSend(t *trial) (values, error) {
	got, err := t.fromPeer()
	return values{"bulk/send/rate": got.mbit(), "bulk/send/cpu": got.perGB()}, err
}

// toPeer writes to the peer for the time of the trial, and counts what the peer has acknowledged by then.
func (t *trial) toPeer(control string) (transfer, error) {
	s, err := t.net.dial(portDiscard, control)
	if err != nil {
		return transfer{}, err
	}
	t.after = append(t.after, s.abort)
	b := make([]byte, 128<<10)
	first, err := s.info()
	if err != nil {
		return transfer{}, err
	}
	before, err := t.peer.cpu()
	if err != nil {
		return transfer{}, err
	}
	began := time.Now()
	for time.Since(began) < t.d {
		if _, err := s.write(b); err != nil && !again(err) {
			t.dropped = err.Error()
			break
		}
	}
	took := time.Since(began)
	after, err := t.peer.cpu()
	if err != nil {
		return transfer{}, err
	}
	last, err := s.info()
	if err != nil {
		return transfer{}, err
	}
	return transfer{
		bytes: float64(last.Bytes_acked - first.Bytes_acked), segments: float64(last.Data_segs_out - first.Data_segs_out),
		took: max(took, t.d), cpu: after - before,
	}, nil
}

// fromPeer reads what the peer sends for the time of the trial.
func (t *trial) fromPeer() (transfer, error) {
	s, err := t.net.dial(portChargen, "")
	if err != nil {
		return transfer{}, err
	}
	t.after = append(t.after, s.abort)
	b := make([]byte, 256<<10)
	before, err := t.peer.cpu()
	if err != nil {
		return transfer{}, err
	}
	var bytes float64
	began := time.Now()
	for time.Since(began) < t.d {
		n, err := s.read(b)
		if n > 0 {
			bytes += float64(n)
			continue
		}
		if n == 0 && err == nil {
			err = unix.EPIPE // the peer has closed
		}
		if !again(err) {
			t.dropped = err.Error()
			break
		}
	}
	took := time.Since(began)
	after, err := t.peer.cpu()
	return transfer{bytes, 0, max(took, t.d), after - before}, err
}
