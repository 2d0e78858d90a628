//go:build linux

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
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
		{id + "/cpu", secMany, fmt.Sprintf("CPU time of a segment, %s open", number(count)), "ns", true},
	}, nil, func(t *trial) (values, error) {
		if _, err := t.dialMany(count-1, portEcho); err != nil {
			return nil, err
		}
		got, err := t.toPeer("")
		return values{id + "/rate": got.mbit(), id + "/cpu": got.perSegment()}, err
	}}
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
