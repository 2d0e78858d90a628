package stack

import (
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
)

// target is a stack under attack, in virtual time: what comes is handed to it in batches,
// as by its device, and what it sends in return is counted. The stack's lock guards all of
// it, but when hit, open and pass return, nobody is left who does anything until one of them
// is called again: in between a test may look without.
type target struct {
	*testing.T
	s     *Stack
	l     *Listener // port 80
	queue [][]byte  // frames that wait to be read
	buf   [etherHeaderLen + 1500 + 1]byte

	segments, bytes int       // sent: TCP segments, and bytes of whole frames
	sent            []segment // the segments, if they are to be kept
	forget          bool
}

// onTarget runs f with a stack that listens on port 80 and knows the peer's card.
func onTarget(t *testing.T, f func(a *target)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := &target{T: t}
		a.s = New(a, quietConfig())
		defer a.s.Close()
		l, err := a.s.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		a.l = l
		a.hit(request(peerMAC, peerIP, ourIP))
		f(a)
		a.check()
	})
}

func (a *target) check() {
	a.Helper()
	a.locked(func() { a.s.checkInvariants(a.T) })
}

// locked runs f with the stack's lock, which f must not hold while it waits.
func (a *target) locked(f func()) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	f()
}

// pass lets time go on, and others do what there is to do by then, which may be now. The
// lock says that what the test has looked at so far it has before that.
func (a *target) pass(d time.Duration) {
	a.locked(func() {})
	time.Sleep(d)
	synctest.Wait()
}

func (a *target) Read(b []byte) (int, error) {
	if len(a.queue) == 0 {
		return 0, os.ErrClosed
	}
	frame := a.queue[0]
	a.queue = a.queue[1:]
	return copy(b, frame), nil
}

// Write takes a frame of the stack. The peer's card answers when it is asked for.
func (a *target) Write(frame []byte) (int, error) {
	eth, packet, _ := parseEther(frame)
	if eth.etherType == etherTypeARP {
		time.AfterFunc(time.Microsecond, func() {
			a.locked(func() {
				if !a.s.closed {
					a.s.receiveFrame(reply(peerMAC, peerIP))
				}
			})
		})
		return len(frame), nil
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return len(frame), nil
	}
	a.segments++
	a.bytes += len(frame)
	if a.forget {
		return len(frame), nil
	}
	seg, err := parsedTCP(append([]byte(nil), payload...), h.src, h.dst)
	if err != nil {
		a.Errorf("sent a bad segment: %v", err)
	}
	a.sent = append(a.sent, seg)
	return len(frame), nil
}

func (a *target) Close() error  { return nil }
func (a *target) Buffered() int { return len(a.queue) }

// hit hands frames to the stack, as many in a batch as it takes, and returns what it
// has sent until they are dealt with.
func (a *target) hit(frames ...[]byte) (sent []segment) {
	a.locked(func() { a.sent = a.sent[:0] })
	a.queue = append(a.queue[:0], frames...)
	for len(a.queue) > 0 {
		n, _ := a.Read(a.buf[:])
		if err := a.s.receiveBatch(a.buf[:], n); err != nil {
			a.Fatal(err)
		}
	}
	a.locked(func() { sent = a.sent })
	synctest.Wait()
	return sent
}

// forge is a segment in its frame, from any address, by way of the peer's card.
func forge(src netip.Addr, seg segment) []byte {
	for len(seg.options)%4 != 0 {
		seg.options = append(seg.options, tcpOptionEnd)
	}
	n := seg.headerLen() + len(seg.data)
	frame := make([]byte, etherHeaderLen+ipv4MinHeaderLen+n)
	etherHeader{dst: ourMAC, src: peerMAC, etherType: etherTypeIPv4}.put(frame)
	ip := ipv4Header{ttl: 64, protocol: protocolTCP, src: src, dst: ourIP}
	ip.put(frame[etherHeaderLen:], n)
	tcp := frame[etherHeaderLen+ipv4MinHeaderLen:]
	copy(tcp[seg.headerLen():], seg.data)
	seg.put(tcp, src, ourIP)
	return frame
}

// open has the peer connect to port 80 from a port, with IRS 0.
func (a *target) open(port uint16, options string) *Conn {
	a.Helper()
	seg := segment{srcPort: port, dstPort: 80, flags: flagSYN, wnd: 65535, options: unhex(options)}
	a.hit(forge(peerIP, seg))
	c := a.conn(port)
	if c == nil {
		a.Fatalf("port %d: the SYN opens nothing", port)
	}
	seg.flags, seg.seq, seg.ack, seg.options = flagACK, 1, c.snd.iss+1, nil
	a.hit(forge(peerIP, seg))
	if got, err := a.l.AcceptTCP(); err != nil || got != c {
		a.Fatalf("port %d: accepted %v, %v", port, got, err)
	}
	return c
}

// conn is the connection with a port of the peer, or nil.
func (a *target) conn(port uint16) *Conn {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return a.s.tcp.conns[connKey{peerIP.As4(), port, 80}]
}

func (a *target) state(c *Conn) tcpState {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	return c.state
}

// many is how often something is tried: in a short run, and in a long one.
func many(short, long int) int {
	if *suite.Long {
		return long
	}
	return short
}
