package stack

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

// rig is a stack with one connection, and the peer's hand: segments in, segments out,
// in virtual time. The stack's lock guards out; who looks at fields of the stack or of a
// connection holds it, see locked.
type rig struct {
	*testing.T
	nullDevice
	s    *Stack
	l    *Listener
	c    *Conn
	key  connKey
	out  []segment // what was sent since the last step
	ts   bool      // segments carry timestamps
	tick uint32    // TSval offset of the peer
}

// onRig runs f with a stack that listens on port 80 and knows the peer's MAC address.
func onRig(t *testing.T, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, tick: 1000, key: connKey{peerIP.As4(), 8000, 80}}
		r.s = New(r, quietConfig())
		r.l, _ = r.s.Listen(80)
		r.locked(func() { r.s.receiveFrame(request(peerMAC, peerIP, ourIP)) })
		r.pass(time.Millisecond)
		defer r.s.Close()
		f(r)
	})
}

// locked runs f with the stack's lock, which f must not hold while it waits.
func (r *rig) locked(f func()) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	f()
}

// Write keeps the segments that the stack sends, and answers its questions for the peer's
// MAC address. The stack calls it with its lock held.
func (r *rig) Write(frame []byte) (int, error) {
	eth, packet, _ := parseEther(frame)
	if eth.etherType == etherTypeARP {
		time.AfterFunc(time.Microsecond, func() {
			r.locked(func() {
				if !r.s.closed {
					r.s.receiveFrame(arpFrame(ourMAC, peerMAC, 2, peerMAC, peerIP, ourMAC, ourIP))
				}
			})
		})
		return len(frame), nil
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return len(frame), nil
	}
	seg, err := parsedTCP(bytes.Clone(payload), h.src, h.dst)
	if err != nil {
		r.Errorf("sent a bad segment: %v", err)
	}
	r.out = append(r.out, seg)
	return len(frame), nil
}

// in has the stack handle a batch, and returns what it sends then.
func (r *rig) in(segs ...segment) []segment {
	r.Helper()
	r.s.mu.Lock()
	defer r.s.mu.Unlock() // also when it panics
	r.out = nil
	for _, seg := range segs {
		seg.srcPort, seg.dstPort = r.key.remotePort, r.key.localPort
		if r.ts {
			seg.options = r.stamp(seg.options)
		}
		for len(seg.options)%4 != 0 {
			seg.options = append(seg.options, 0)
		}
		r.s.receiveFrame(steadyFrame(seg))
	}
	r.s.answerAll()
	r.s.checkLoss(r.T)
	return r.out
}

// stamp adds the timestamps of now. The lock is held, as for stampEcho.
func (r *rig) stamp(list []byte) []byte {
	var echo uint32
	if r.c != nil {
		echo = r.c.ts.value(r.s.clock())
	}
	return r.stampEcho(list, echo)
}

// stampEcho adds the peer's timestamp of now, and this one as the echo of ours.
func (r *rig) stampEcho(list []byte, echo uint32) []byte {
	list = append(list, 1, 1, 8, 10)
	list = binary.BigEndian.AppendUint32(list, r.tick+uint32(time.Since(r.s.tcp.began)/time.Millisecond))
	return binary.BigEndian.AppendUint32(list, echo)
}

// The options of a SYN, for open.
const (
	optMSS  = "020405b4"
	optSACK = "04020101"
	optWS7  = "01030307"
	optTS   = "0101080a0000000100000000"
)

// open has the peer connect, with IRS 0 and these options in its SYN. The round trip is
// 10 ms.
func (r *rig) open(wnd uint16, options string) *Conn {
	r.Helper()
	out := r.in(segment{flags: flagSYN, wnd: wnd, options: unhex(options)})
	if len(out) != 1 {
		r.Fatalf("SYN: %v", out)
	}
	r.ts = out[0].opt.timestamp
	r.pass(10 * time.Millisecond)
	r.in(segment{flags: flagACK, seq: 1, ack: out[0].seq + 1, wnd: wnd})
	c, err := r.l.AcceptTCP()
	if err != nil {
		r.Fatal(err)
	}
	r.c = c
	return c
}

// pass lets time pass, and returns what the stack sends meanwhile.
func (r *rig) pass(d time.Duration) []segment {
	r.Helper()
	r.locked(func() { r.out = nil })
	time.Sleep(d)
	synctest.Wait()
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.checkLoss(r.T)
	return r.out
}

// write has the user write, and returns what the stack sends at once.
func (r *rig) write(n int) (out []segment) {
	r.Helper()
	r.locked(func() { r.out = nil })
	if _, err := r.c.Write(pattern(n)); err != nil {
		r.Error(err)
	}
	r.locked(func() { out = r.out })
	return out
}

// ack is an ACK of the peer's, without text.
func (r *rig) ack(ack seqNum, wnd uint16, blocks ...span) segment {
	seg := segment{flags: flagACK, seq: r.rcvNxt(), ack: ack, wnd: wnd}
	if len(blocks) > 0 {
		seg.options = sackOption(blocks...)
	}
	return seg
}

func sackOption(blocks ...span) []byte {
	list := []byte{1, 1, 5, byte(2 + 8*len(blocks))}
	for _, b := range blocks {
		list = appendBlock(list, b)
	}
	return list
}

// una is SND.UNA.
func (r *rig) una() (n seqNum) {
	r.locked(func() { n = r.c.snd.una })
	return n
}

// nxt is SND.NXT.
func (r *rig) nxt() (n seqNum) {
	r.locked(func() { n = r.c.snd.nxt })
	return n
}

// rcvNxt is RCV.NXT.
func (r *rig) rcvNxt() (n seqNum) {
	r.locked(func() { n = r.c.rcv.nxt })
	return n
}

func (r *rig) state() (state tcpState) {
	r.locked(func() { state = r.c.state })
	return state
}
