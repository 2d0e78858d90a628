//go:build linux

package main

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

const (
	ours = "ours"

	perSide = 5 // connections of each of the two

	// warmUp is what is not counted: slow start, and ten connections that find their places.
	warmUp = 5 * time.Second

	chargen = 19 // the port of part 5 on which characters come without end
)

// A race is one measurement: perSide connections of each of two kinds of senders.
type race struct {
	title string
	sides [2]string
}

// run starts the connections, all to the same receiver, and counts what arrives.
func (r race) run(program string, seconds int) (result, error) {
	res := result{title: r.title}
	c, err := newCable(program)
	if err != nil {
		return res, err
	}
	defer c.close()
	var counts []*atomic.Int64
	for i := range 2 * perSide { // in turn, so that nobody is first
		side := r.sides[i%2]
		conn, err := c.connect(side)
		if err != nil {
			return res, fmt.Errorf("connection %d: %w", i+1, err)
		}
		defer conn.Close()
		counts = append(counts, count(conn))
		res.flows = append(res.flows, flow{side: side})
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(warmUp)
	lost := c.queueFull()
	stop, pause := make(chan struct{}), make(chan time.Duration)
	go func() { pause <- longestPause(stop) }()
	sample(counts, &res, seconds)
	close(stop)
	res.lost, res.pause = c.queueFull()-lost, <-pause
	return res, nil
}

// count reads from a connection until it ends, and counts.
func count(conn net.Conn) *atomic.Int64 {
	n := new(atomic.Int64)
	go func() {
		b := make([]byte, 65536)
		for {
			got, err := conn.Read(b)
			n.Add(int64(got))
			if err != nil {
				return
			}
		}
	}()
	return n
}

// sample looks at the counters once a second.
func sample(counts []*atomic.Int64, res *result, seconds int) {
	before := make([]int64, len(counts))
	for i, n := range counts {
		before[i] = n.Load()
	}
	last := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range seconds {
		<-tick.C
		now := time.Now()
		for i, n := range counts {
			total := n.Load()
			mbit := float64(total-before[i]) * 8 / 1e6 / now.Sub(last).Seconds()
			res.flows[i].rates = append(res.flows[i].rates, mbit)
			before[i] = total
		}
		last = now
	}
}

// longestPause returns for how long this process did not get to run until stop is closed, at the worst. While it stands
// still the cable does, too, and what has piled up then comes in one burst.
func longestPause(stop <-chan struct{}) (worst time.Duration) {
	const step = time.Millisecond
	for {
		before := time.Now()
		select {
		case <-stop:
			return worst
		case <-time.After(step):
			worst = max(worst, time.Since(before)-step)
		}
	}
}
