package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"
)

const (
	pingInterval = time.Second     // between two echo requests
	pingPatience = 4 * time.Second // for a reply; ARP gives up after three
	pingDataLen  = 56              // bytes
)

// pinger sends echo requests and prints what comes back, like ping(8).
type pinger struct {
	s   *Stack
	dst netip.Addr
	out io.Writer

	sent  int
	rtts  []time.Duration
	err   error // the first one that tells why there is no reply
	began time.Time
}

// pingResult is what became of one echo request.
type pingResult struct {
	seq   int
	reply EchoReply
	err   error
}

// runPing sends count echo requests, one a second. It returns an error that says
// why if there was no reply at all, though nobody interrupted it.
func runPing(ctx context.Context, s *Stack, dst netip.Addr, count int, out io.Writer) error {
	p := &pinger{s: s, dst: dst, out: out, began: time.Now()}
	fmt.Fprintf(out, "PING %v (%v) %d(%d) bytes of data.\n", dst, dst, pingDataLen, pingDataLen+icmpHeaderLen+ipv4MinHeaderLen)
	p.run(ctx, count)
	p.printStatistics()
	switch {
	case len(p.rtts) > 0, ctx.Err() != nil:
		return nil
	case p.err != nil:
		return fmt.Errorf("ping %v: %w", dst, p.err)
	}
	return fmt.Errorf("ping %v: no reply", dst)
}

// run sends the requests and prints the results as they come, until all are there
// or the last one has been waited for long enough.
func (p *pinger) run(ctx context.Context, count int) {
	results := make(chan pingResult, count)
	next := time.NewTicker(pingInterval)
	defer next.Stop()
	enough := time.NewTimer(time.Duration(count-1)*pingInterval + pingPatience)
	defer enough.Stop()
	defer p.forgetAll()
	p.send(results)
	for done := 0; done < count; {
		select {
		case r := <-results:
			p.print(r)
			done++
		case <-next.C:
			if p.sent < count {
				p.send(results)
			}
		case <-enough.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (p *pinger) forgetAll() {
	for seq := 1; seq <= p.sent; seq++ {
		p.s.ForgetEcho(p.dst, uint16(seq))
	}
}

// send sends the next echo request.
func (p *pinger) send(results chan<- pingResult) {
	p.sent++
	seq := p.sent
	data := make([]byte, pingDataLen)
	for i := range data {
		data[i] = byte(i) // recognisable in a capture
	}
	err := p.s.SendEcho(p.dst, uint16(seq), data, func(reply EchoReply, err error) {
		results <- pingResult{seq, reply, err}
	})
	if err != nil {
		results <- pingResult{seq, EchoReply{}, err}
	}
}

// print prints a result, as ping(8) does where it knows the case.
func (p *pinger) print(r pingResult) {
	var said icmpError
	switch {
	case r.err == nil:
		p.rtts = append(p.rtts, r.reply.RTT)
		fmt.Fprintf(p.out, "%d bytes from %v: icmp_seq=%d ttl=%d time=%.3f ms\n",
			r.reply.Bytes, p.dst, r.seq, r.reply.TTL, millis(r.reply.RTT))
		return
	case errors.As(r.err, &said):
		fmt.Fprintf(p.out, "From %v icmp_seq=%d %s\n", said.from, r.seq, icmpWords(said.typ, said.code))
	default:
		fmt.Fprintf(p.out, "icmp_seq=%d: %v\n", r.seq, r.err)
	}
	if p.err == nil {
		p.err = r.err
	}
}

func (p *pinger) printStatistics() {
	received := len(p.rtts)
	lost := 100 * (p.sent - received) / p.sent
	fmt.Fprintf(p.out, "\n--- %v ping statistics ---\n%d packets transmitted, %d received, %d%% packet loss, time %.0fms\n",
		p.dst, p.sent, received, lost, millis(time.Since(p.began)))
	if received == 0 {
		return
	}
	low, high, sum, squares := math.Inf(1), 0.0, 0.0, 0.0
	for _, rtt := range p.rtts {
		ms := millis(rtt)
		low, high, sum, squares = min(low, ms), max(high, ms), sum+ms, squares+ms*ms
	}
	mean := sum / float64(received)
	mdev := math.Sqrt(max(0, squares/float64(received)-mean*mean))
	fmt.Fprintf(p.out, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", low, mean, high, mdev)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
