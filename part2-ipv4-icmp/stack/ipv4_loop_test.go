package stack

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// We answer our own ping, in one piece or in many, and nothing of it is seen on the cable.
func TestPingSelf(t *testing.T) {
	onBench(t, func(b *bench) {
		for _, size := range []int{0, 56, 1472, 1473, 20_000, 65_507} {
			r, err := b.s.Ping(b.Context(), ourIP, uint16(size), bytes.Repeat([]byte{7}, size))
			if err != nil || r.Bytes != icmpHeaderLen+size || r.TTL != ipv4DefaultTTL {
				t.Errorf("%d bytes: %+v, %v", size, r, err)
			}
		}
		b.Silence()
		b.do(func() {
			if b.s.sent != 0 || len(b.s.arp.neighbours) != 0 {
				t.Errorf("%d frames were sent, %d neighbours asked", b.s.sent, len(b.s.arp.neighbours))
			}
			b.s.checkLoop(t)
		})
	})
}

// The program pings itself as it pings others, and the trace shows it.
func TestRunPingSelf(t *testing.T) {
	onBench(t, func(b *bench) {
		var out strings.Builder
		if err := b.s.PrintPing(b.Context(), ourIP, 3, &out); err != nil || !strings.Contains(out.String(), "3 received, 0% packet loss") {
			t.Errorf("%v, %s", err, out.String())
		}
		b.WantLog("to ourselves: IP 10.0.0.4 > 10.0.0.4: ICMP echo request")
		b.WantLog("to ourselves: IP 10.0.0.4 > 10.0.0.4: ICMP echo reply")
	})
}

// An error about a datagram to ourselves finds its sender as one from others does.
func TestLoopICMPError(t *testing.T) {
	onBench(t, func(b *bench) {
		b.do(func() {
			if err := b.s.sendIPv4(ipv4Header{dst: ourIP, protocol: 99}, b.s.newPacket(8)); err != nil {
				t.Error(err)
			}
			if n := b.s.dropped[errIPv4Protocol]; n != 0 {
				t.Error("it arrived while its sender had the lock")
			}
		})
		synctest.Wait()
		b.wantDropped(errIPv4Protocol, 1)
		b.wantDropped(errICMPUnwanted, 1) // the error came, and nobody waits for it
		b.Silence()
	})
}

// What one call sends to ourselves is bounded, and taken in as many pieces as there may
// be frames in a batch. Closing leaves none of it.
func TestLoopBounded(t *testing.T) {
	onBench(t, func(b *bench) {
		send := func(n int) {
			for range n {
				_ = b.s.sendIPv4(ipv4Header{dst: ourIP, protocol: 99}, b.s.newPacket(8))
			}
		}
		b.do(func() {
			send(maxLooped + 10)
			b.s.checkLoop(t)
			if n := b.s.dropped[errLoopFull]; n != 10 {
				t.Errorf("%d were dropped, want 10", n)
			}
			b.s.receiveLooped()
			if n := b.s.dropped[errIPv4Protocol]; n != maxBatch {
				t.Errorf("%d arrived at once, want %d", n, maxBatch)
			}
		})
		synctest.Wait()
		b.wantDropped(errIPv4Protocol, maxLooped)
		b.Silence()
		b.do(func() {
			send(1)
			b.s.closeLayers()
			send(1)
			if n := len(b.s.ipv4.loop.waiting); n != 0 || !b.s.ipv4.loop.timer.due.IsZero() {
				t.Errorf("%d wait in a stack that is closed", n)
			}
		})
	})
}

// Addresses of the block 127 "MUST NOT appear outside a host" (RFC 1122 3.2.1.3), and inside
// nobody here has one. From the cable our own address is nobody's either.
func TestLoopbackBlock(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		for _, dst := range []string{"127.0.0.1", "127.255.0.1"} {
			if _, err := b.s.Ping(context.Background(), netip.MustParseAddr(dst), 1, nil); !errors.Is(err, syscall.ENETUNREACH) {
				t.Errorf("%s: %v", dst, err)
			}
		}
		b.sendIPv4(ipv4From(ourIP, protocolICMP), icmpBytes(icmpEcho, 0, 1, 1, nil))
		b.wantDropped(errIPv4Source, 1)
		b.Silence()
	})
}
