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

// manyLimit bounds how long it may take to open many connections.
const manyLimit = 60 * time.Second

// dialMany opens connections, a few at a time: no more than a host that listens should be able to bear.
func (t *trial) dialMany(count, port int) ([]*sock, error) {
	const workers = 16
	socks := make([]*sock, count)
	t.after = append(t.after, func() {
		for _, s := range socks {
			if s != nil {
				s.abort()
			}
		}
	})
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	end := time.Now().Add(manyLimit)
	for range workers {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				s, err := t.net.dial(port, "")
				if err == nil {
					socks[i] = s
				}
				if err == nil && time.Now().After(end) {
					err = fmt.Errorf("it took longer than %v", manyLimit)
				}
				if err != nil {
					err = fmt.Errorf("%d connections are too many: %w", count, err)
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return socks, nil
}

// idleMemory opens 1,000 connections and looks at what the peer takes for them.
func idleMemory(t *trial) (values, error) {
	const count = 1000
	time.Sleep(500 * time.Millisecond)
	before, err := t.peer.memory()
	if err != nil {
		return nil, err
	}
	if _, err := t.dialMany(count, portEcho); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	after, err := t.peer.memory()
	return values{"memory/conn": float64(after-before) / count / 1024}, err
}

// open measures one connection beside others that are idle.
func open(count int) measure {
	id := fmt.Sprintf("open/%d", count)
	return measure{id, []row{
		{id + "/rate", secMany, fmt.Sprintf("%s open, one of them sends to the peer", number(count)), "Mbit/s", false},
		{id + "/cpu", secMany, "CPU time of a segment of that", "ns", true},
	}, nil, func(t *trial) (values, error) {
		if _, err := t.dialMany(count-1, portEcho); err != nil {
			return nil, err
		}
		got, err := t.toPeer("")
		return values{id + "/rate": got.mbit(), id + "/cpu": got.perSegment()}, err
	}}
}

// parallelReceive measures connections that all send to the peer at once.
func parallelReceive(count int) measure {
	id := fmt.Sprintf("parallel/receive/%d", count)
	return measure{id, []row{
		{id + "/rate", secMany, fmt.Sprintf("the peer receives on %s at once", number(count)), "Mbit/s", false},
		{id + "/share", secMany, "... as a share of what it receives on one", "%", false},
		{id + "/cpu", secMany, "CPU time of a segment of that", "ns", true},
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
	var read atomic.Int64
	var broken atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(parallelWarmUp + t.d)
	for _, s := range socks {
		// From here on the runtime waits for the sockets: a thread for each would be too much.
		if err := unix.SetNonblock(s.fd, true); err != nil {
			return transfer{}, err
		}
		fd, err := unix.Dup(s.fd)
		if err != nil {
			return transfer{}, err
		}
		f := os.NewFile(uintptr(fd), "connection")
		_ = f.SetDeadline(end)
		wg.Go(func() {
			defer f.Close()
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
	began := time.Now()
	time.Sleep(time.Until(end) - 50*time.Millisecond)
	last, err := t.count(socks, port, &read)
	took := time.Since(began)
	wg.Wait()
	if n := broken.Load(); n > 0 {
		t.dropped = fmt.Sprintf("%d of %d connections broke", n, count)
	}
	return transfer{last.bytes - first.bytes, last.segments - first.segments, took, last.cpu - first.cpu}, err
}

// count is how far all connections are.
func (t *trial) count(socks []*sock, port int, read *atomic.Int64) (now transfer, err error) {
	if now.cpu, err = t.peer.cpu(); err != nil {
		return now, err
	}
	if port == portChargen {
		now.bytes = float64(read.Load())
		return now, nil
	}
	for _, s := range socks {
		info, err := s.info()
		if err != nil {
			return now, err
		}
		now.bytes += float64(info.Bytes_acked)
		now.segments += float64(info.Data_segs_out)
	}
	return now, nil
}

// number writes a number of connections.
func number(n int) string {
	switch {
	case n == 1:
		return "1 connection"
	case n >= 1000:
		return fmt.Sprintf("%d,%03d connections", n/1000, n%1000)
	}
	return fmt.Sprintf("%d connections", n)
}
