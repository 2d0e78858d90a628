package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"
)

// EchoReply is the answer to an echo request.
type EchoReply struct {
	Bytes int           // of the ICMP message
	TTL   uint8         // what is left of it: 64 less the routers on the way, most often
	RTT   time.Duration // round-trip time
}

// errEchoBusy is the error for a request whose like is still waiting for its reply.
var errEchoBusy = errors.New("this sequence number is in use")

// echoKey tells echo requests from each other.
type echoKey struct {
	dst netip.Addr
	seq uint16
}

// echoWait is an echo request that waits for its reply.
type echoWait struct {
	data []byte
	sent time.Time
	done func(EchoReply, error) // called with the lock held, once
}

// echoTable holds the echo requests that wait for their replies.
type echoTable struct {
	id    uint16 // our Identifier
	waits map[echoKey]*echoWait
}

func (s *Stack) initEcho() {
	s.icmp.echoes.id = uint16(s.random32())
	s.icmp.echoes.waits = make(map[echoKey]*echoWait)
}

func (s *Stack) closeEcho() {
	for key := range s.icmp.echoes.waits {
		s.endEcho(key, EchoReply{}, errClosed)
	}
}

// Ping sends an echo request with the data and waits for the reply, or until ctx ends. No
// two callers may use the same dst and seq at a time. The error wraps syscall.EHOSTUNREACH
// or another error number if a router, or ARP, says why there will be no reply,
// net.ErrClosed if the stack is closed, or it is ctx's.
func (s *Stack) Ping(ctx context.Context, dst netip.Addr, seq uint16, data []byte) (EchoReply, error) {
	type result struct {
		reply EchoReply
		err   error
	}
	c := make(chan result, 1)
	if err := s.SendEcho(dst, seq, data, func(reply EchoReply, err error) { c <- result{reply, err} }); err != nil {
		return EchoReply{}, err
	}
	select {
	case r := <-c:
		return r.reply, r.err
	case <-ctx.Done():
		s.ForgetEcho(dst, seq)
		return EchoReply{}, ctx.Err()
	}
}

// SendEcho sends an echo request and has done called with the reply, or with the
// reason why there will be none, unless ForgetEcho is called before. done must not
// wait and not use the stack. The error tells why nothing was sent.
func (s *Stack) SendEcho(dst netip.Addr, seq uint16, data []byte, done func(EchoReply, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := echoKey{dst, seq}
	switch {
	case s.closed:
		return errClosed
	case s.icmp.echoes.waits[key] != nil:
		return fmt.Errorf("ping %v: %w", dst, errEchoBusy)
	}
	s.icmp.echoes.waits[key] = &echoWait{data: data, sent: time.Now(), done: done}
	request := icmpMessage{typ: icmpEcho, rest: echoRest(s.icmp.echoes.id, seq)}
	if err := s.sendICMP(ipv4Header{dst: dst}, request, data); err != nil {
		delete(s.icmp.echoes.waits, key)
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

// ForgetEcho gives up waiting for a reply.
func (s *Stack) ForgetEcho(dst netip.Addr, seq uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.icmp.echoes.waits, echoKey{dst, seq})
}

// receiveEchoReply hands a reply to the caller that waits for it.
func (s *Stack) receiveEchoReply(h *ipv4Header, m icmpMessage) error {
	key := echoKey{h.src, m.seq()}
	wait := s.icmp.echoes.waits[key]
	if wait == nil || m.id() != s.icmp.echoes.id || !bytes.Equal(m.data, wait.data) {
		return errICMPUnasked
	}
	s.endEcho(key, EchoReply{Bytes: icmpHeaderLen + len(m.data), TTL: h.ttl, RTT: time.Since(wait.sent)}, nil)
	return nil
}

// echoFailed tells the caller that waits for a reply that none will come. payload is the
// beginning of the request, as it was quoted. The error is nil if there was such a caller.
func (s *Stack) echoFailed(h ipv4Header, payload []byte, reason error) error {
	m, err := parseICMPHeader(payload)
	key := echoKey{h.dst, m.seq()}
	if err != nil || m.typ != icmpEcho || m.id() != s.icmp.echoes.id || s.icmp.echoes.waits[key] == nil {
		return errICMPUnwanted
	}
	s.endEcho(key, EchoReply{}, reason)
	return nil
}

func (s *Stack) endEcho(key echoKey, reply EchoReply, err error) {
	wait := s.icmp.echoes.waits[key]
	delete(s.icmp.echoes.waits, key)
	wait.done(reply, err)
}

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

// PrintPing sends count echo requests, one a second. It returns an error that says why if
// there was no reply at all, unless it was interrupted.
func (s *Stack) PrintPing(ctx context.Context, dst netip.Addr, count int, out io.Writer) error {
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
