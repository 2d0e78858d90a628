//go:build linux

package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// parallelReceive measures connections that all send to the peer at once.
func parallelReceive(count int) measure {
	id := fmt.Sprintf("parallel/receive/%d", count)
	return measure{id, []row{
		{id + "/rate", secMany, fmt.Sprintf("the peer receives on %s at once", number(count)), "Mbit/s", false},
		{id + "/share", secMany, "... as a share of what it receives on one", "%", false},
		{id + "/cpu", secMany, fmt.Sprintf("CPU time of a segment, %s at once", number(count)), "ns", true},
	}, nil, func(t *trial) (values, error) {
		got, err := t.parallel(count, portDiscard, func(f *os.File, b []byte) (int, error) { return f.Write(b) })
		return values{id + "/rate": got.mbit(), id + "/cpu": got.perSegment()}, err
	}}
}

// parallelSend measures connections on which the peer sends at once.
func parallelSend(count int) measure {
	id := fmt.Sprintf("parallel/send/%d", count)
	return measure{id, []row{
		{id + "/rate", secMany, fmt.Sprintf("the peer sends on %s at once", number(count)), "Mbit/s", false},
		{id + "/share", secMany, "... as a share of what it sends on one", "%", false},
	}, nil, func(t *trial) (values, error) {
		got, err := t.parallel(count, portChargen, func(f *os.File, b []byte) (int, error) { return f.Read(b) })
		return values{id + "/rate": got.mbit()}, err
	}}
}

// parallelWarmUp does not count: until all connections run, and what waited in the kernel's buffers has been read.
const parallelWarmUp = time.Second

// parallel has all connections work at once, and counts what comes through.
func (t *trial) parallel(count, port int, work func(*os.File, []byte) (int, error)) (transfer, error) {
	socks, err := t.dialMany(count, port)
	if err != nil {
		return transfer{}, err
	}
	files, err := polled(socks)
	if err != nil {
		return transfer{}, err
	}
	var read, broken atomic.Int64
	var wg sync.WaitGroup
	for _, f := range files {
		wg.Go(func() {
			b := make([]byte, 32<<10)
			for {
				n, err := work(f, b)
				read.Add(int64(n))
				if err != nil {
					if !os.IsTimeout(err) {
						broken.Add(1)
					}
					return
				}
			}
		})
	}
	time.Sleep(parallelWarmUp)
	first, err := t.count(socks, port, &read)
	if err != nil {
		return transfer{}, err
	}
	time.Sleep(t.d)
	last, err := t.count(socks, port, &read)
	for _, f := range files {
		_ = f.SetDeadline(time.Now())
	}
	wg.Wait()
	for _, f := range files {
		f.Close()
	}
	if n := broken.Load(); n > 0 {
		t.dropped = fmt.Sprintf("%d of %d connections broke", n, count)
	}
	return last.since(first), err
}

// polled hands copies of the sockets to the runtime to wait for: a thread for each would be too much.
func polled(socks []*sock) (files []*os.File, err error) {
	for _, s := range socks {
		if err := unix.SetNonblock(s.fd, true); err != nil {
			return nil, err
		}
		fd, err := unix.Dup(s.fd)
		if err != nil {
			return nil, err
		}
		files = append(files, os.NewFile(uintptr(fd), "connection"))
	}
	return files, nil
}

// A census is how far all connections are. To ask a thousand sockets takes its time on a computer that is busy with them, so
// each answer has its own.
type census struct {
	cpu             time.Duration
	cpuAt           time.Time
	at              []time.Time
	bytes, segments []float64
}

// count asks all connections.
func (t *trial) count(socks []*sock, port int, read *atomic.Int64) (c census, err error) {
	if c.cpu, err = t.peer.cpu(); err != nil {
		return c, err
	}
	c.cpuAt = time.Now()
	if port == portChargen {
		c.add(float64(read.Load()), 0)
		return c, nil
	}
	for _, s := range socks {
		info, err := s.info()
		if err != nil {
			return c, err
		}
		c.add(float64(info.Bytes_acked), float64(info.Data_segs_out))
	}
	return c, nil
}

func (c *census) add(bytes, segments float64) {
	c.at, c.bytes, c.segments = append(c.at, time.Now()), append(c.bytes, bytes), append(c.segments, segments)
}

// since is what came through in a second, on average over the time between two counts.
func (c census) since(first census) transfer {
	got := transfer{took: time.Second}
	for i := range min(len(c.at), len(first.at)) {
		seconds := c.at[i].Sub(first.at[i]).Seconds()
		got.bytes += (c.bytes[i] - first.bytes[i]) / seconds
		got.segments += (c.segments[i] - first.segments[i]) / seconds
	}
	got.cpu = time.Duration(float64(c.cpu-first.cpu) / c.cpuAt.Sub(first.cpuAt).Seconds())
	return got
}
