//go:build !race

// (This harness looks at the stack from outside of its lock, between two steps.)

package main

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"
)

// rig is a stack with one connection, and the peer's hand: segments in, segments out,
// in virtual time.
type rig struct {
	*testing.T
	nullDevice
	s    *Stack
	l    *Listener
	c    *Conn
	key  connKey
	out  []segment
	ts   bool   // segments carry timestamps
	tick uint32 // TSval offset of the peer
	fast bool   // no checks
}

func (r *rig) Write(frame []byte) (int, error) {
	eth, packet, _ := parseEther(frame)
	if eth.etherType == etherTypeARP {
		time.AfterFunc(time.Microsecond, func() {
			r.s.mu.Lock()
			defer r.s.mu.Unlock()
			if !r.s.closed {
				r.s.receiveFrame(arpFrame(ourMAC, peerMAC, 2, peerMAC, peerIP, ourMAC, ourIP))
			}
		})
		return len(frame), nil
	}
	h, payload, err := parseIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return len(frame), nil
	}
	seg, err := parseTCP(bytes.Clone(payload), h.src, h.dst)
	if err != nil {
		r.Errorf("sent a bad segment: %v", err)
	}
	r.out = append(r.out, seg)
	return len(frame), nil
}

func onRig(t *testing.T, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, tick: 1000}
		r.s = NewStack(r, quietConfig())
		r.l, _ = r.s.Listen(80)
		r.key = connKey{peerIP.As4(), 8000, 80}
		r.s.mu.Lock()
		r.s.receiveFrame(request(peerMAC, peerIP, ourIP))
		r.s.mu.Unlock()
		time.Sleep(time.Millisecond)
		defer r.s.Close()
		f(r)
	})
}

// in has the stack handle a batch.
func (r *rig) in(segs ...segment) []segment {
	r.Helper()
	r.out = nil
	r.s.mu.Lock()
	defer r.s.mu.Unlock() // also when it panics
	for _, seg := range segs {
		seg.srcPort, seg.dstPort = r.key.remotePort, r.key.localPort
		if r.ts && seg.options == nil {
			seg.options = r.stamp(nil)
		} else if r.ts {
			seg.options = r.stamp(seg.options)
		}
		for len(seg.options)%4 != 0 {
			seg.options = append(seg.options, 0)
		}
		r.s.receiveFrame(steadyFrame(seg))
	}
	r.s.answerAll()
	if !r.fast {
		r.s.checkLoss(r.T)
	}
	return r.out
}

func (r *rig) stamp(list []byte) []byte {
	var echo uint32
	if r.c != nil {
		echo = r.c.ts.value(r.s.clock())
	}
	return r.stampEcho(list, echo)
}

func (r *rig) stampEcho(list []byte, echo uint32) []byte {
	list = append(list, 1, 1, 8, 10)
	list = binary.BigEndian.AppendUint32(list, r.tick+uint32(time.Since(r.s.tcp.began)/time.Millisecond))
	return binary.BigEndian.AppendUint32(list, echo)
}

// open has the peer connect, with IRS 0 and these options in its SYN.
func (r *rig) open(wnd uint16, options string) *Conn {
	r.Helper()
	out := r.in(segment{flags: flagSYN, wnd: wnd, options: unhex(options)})
	if len(out) != 1 {
		r.Fatalf("SYN: %v", out)
	}
	_, _, r.ts = findTimestamps(out[0].options)
	time.Sleep(10 * time.Millisecond)
	r.in(segment{flags: flagACK, seq: 1, ack: out[0].seq + 1, wnd: wnd})
	c, err := r.l.AcceptTCP()
	if err != nil {
		r.Fatal(err)
	}
	r.c = c
	return c
}

const (
	optMSS  = "020405b4"
	optSACK = "04020101"
	optWS7  = "01030307"
	optTS   = "0101080a0000000100000000"
)

func sackOption(blocks ...span) []byte {
	list := []byte{1, 1, 5, byte(2 + 8*len(blocks))}
	for _, b := range blocks {
		list = appendBlock(list, b)
	}
	return list
}

func (r *rig) pass(d time.Duration) []segment {
	r.out = nil
	time.Sleep(d)
	synctest.Wait()
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.checkLoss(r.T)
	return r.out
}

func (r *rig) write(n int) []segment {
	r.Helper()
	r.out = nil
	if _, err := r.c.Write(pattern(n)); err != nil {
		r.Error(err)
	}
	return r.out
}

func (r *rig) ack(ack seqNum, wnd uint16, blocks ...span) segment {
	seg := segment{flags: flagACK, seq: r.c.rcv.nxt, ack: ack, wnd: wnd}
	if len(blocks) > 0 {
		seg.options = sackOption(blocks...)
	}
	return seg
}
