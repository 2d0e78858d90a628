package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/script"
)

// What ends a dial (RFC 9293 3.10.1 and 3.10.7.3; of ICMP errors RFC 5461 4.1).
func TestScriptDial(t *testing.T) {
	playAll(t, map[string]string{
		"refused": dialled + `
			+.1 < R. 0:0(0) ack 1
			+0  done dial = ECONNREFUSED`,
		"net unreachable": dialled + `
			+0 < icmp unreachable net
			+0 done dial = ENETUNREACH
			+0 state CLOSED`,
		"host unreachable, says a router": dialled + `
			+0 < icmp unreachable host from 10.0.0.254
			+0 done dial = EHOSTUNREACH`,
		"protocol unreachable": dialled + `
			+0 < icmp unreachable proto
			+0 done dial = ENOPROTOOPT`,
		"port unreachable": dialled + `
			+0 < icmp unreachable port
			+0 done dial = ECONNREFUSED`,
		"prohibited": dialled + `
			+0 < icmp unreachable admin
			+0 done dial = EHOSTUNREACH`,
		"time exceeded": dialled + `
			+0 < icmp timeexceeded ttl
			+0 done dial = EHOSTUNREACH`,
		// "a check that the TCP sequence number contained in the payload of the ICMP
		// error message is within the range SND.UNA =< SEG.SEQ < SND.NXT" (RFC 5927 4.1).
		"forged ICMP errors": dialled + `
			+0 < icmp unreachable port [1:1(0)]
			+0 < icmp unreachable port [-1:-1(0)]
			+0 < icmp unreachable host [1000000000:1000000000(0)]
			+0 < 8001>49152 icmp unreachable port [0:0(0)]` + answered,
		"an ICMP error about the SYN when it has been acknowledged": dialled + answered + `
			+0 < icmp unreachable port [0:0(0)]
			+0 < icmp unreachable proto [1:1(0)]
			+0 state ESTABLISHED`,
		"source quench is ignored (RFC 6633 5)": dialled + `
			+0 < icmp quench` + answered,
		"fragmentation needed is no reason to give up": dialled + `
			+0 < icmp unreachable frag mtu 1400` + answered,
		"canceled before it began": `
			+0  do cancel
			+0  do! dial
			+0  done dial = canceled
			+.1 > nothing`,
		"canceled, and then a late SYN,ACK gets a RST": dialled + `
			+.1 do cancel
			+0  done dial = canceled
			+0  state CLOSED
			+.1 < S. 0:0(0) ack 1 win 1000
			+0  > R 1:1(0) <>`,
		"canceled in SYN-RECEIVED: the peer is told": dialled + `
			+0  < S 0:0(0) win 1000
			+0  > S. 0:0(0) ack 1
			+.1 do cancel
			+0  > R 1:1(0)
			+0  done dial = canceled`,
		"the stack is closed": dialled + `
			+.1 do close
			+0  done dial = closed`,
		"aborted: <SEQ=SND.NXT><CTL=RST> (RFC 9293 3.10.5)": dialled + answered + `
			+.1 do abort
			+0  > R 1:1(0) <>
			+0  state CLOSED
			+0  do abort
			+0  < . 1:1(0) ack 1 win 1000
			+0  > R 1:1(0) <>`,
		"closed, with a connection open": dialled + answered + `
			+0 do close
			+0 > R 1:1(0) <>`,
	})
}

// The caller's deadline ends the dial on time.
func TestScriptDialDeadline(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		b.ctx = ctx
		b.play(dialled + `
			+.3 done dial = deadline
			+.1 < S. 0:0(0) ack 1 win 1000
			+0  > R 1:1(0) <>`)
	})
}

// Nobody answers our questions for the neighbour's MAC: that ends a dial, as on Linux.
func TestScriptDialNoNeighbour(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		b.cfg.NoARP = true
		b.play("+0 do! dial\n+3 done dial = EHOSTUNREACH\n+0 state CLOSED")
	})
}

// An answer that comes when the dial has ended is good for the next one.
func TestDialAfterLateAnswer(t *testing.T) {
	onBench(t, func(b *bench) {
		dial := func() <-chan error {
			c := make(chan error, 1)
			go func() {
				_, err := b.s.DialTCP(b.Context(), netip.AddrPortFrom(peerIP, 80))
				c <- err
			}()
			synctest.Wait()
			return c
		}
		if err := <-dial(); !errors.Is(err, syscall.EHOSTUNREACH) {
			b.Errorf("DialTCP = %v, want EHOSTUNREACH", err)
		}
		b.advance(time.Second)
		b.take()
		b.send(reply(peerMAC, peerIP)) // it took four seconds
		c := dial()
		if line := describe(b.one()); !strings.Contains(line, "Flags [S]") {
			b.Errorf("the next dial sent %s, want its SYN at once", line)
		}
		b.s.Close()
		if err := <-c; !errors.Is(err, net.ErrClosed) {
			b.Error(err)
		}
	})
}

// What cannot be sent to is refused before anything is sent.
func TestScriptDialNowhere(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		dial := func(to string, want error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(b.ctx, 100*time.Millisecond)
			defer cancel()
			if _, err := b.s.DialTCP(ctx, netip.MustParseAddrPort(to)); !errors.Is(err, want) {
				t.Errorf("dial %s: %v, want %v", to, err, want)
			}
		}
		dial("10.0.0.1:0", syscall.EADDRNOTAVAIL)
		// "A TCP implementation MUST reject as an error a local OPEN call for an
		// invalid remote IP address (e.g., a broadcast or multicast address)" (RFC 9293
		// 3.9.2.3, MUST-46).
		dial("10.0.0.255:80", syscall.ENETUNREACH)
		dial("255.255.255.255:80", syscall.ENETUNREACH)
		dial("224.0.0.1:80", syscall.ENETUNREACH)
		dial("0.0.0.0:80", syscall.ENETUNREACH)
		dial("127.0.0.1:80", syscall.ENETUNREACH)
		dial("[2001:db8::1]:80", syscall.ENETUNREACH)
		b.do(func() { b.s.ipv4.gateway = netip.Addr{} })
		dial("192.0.2.7:80", syscall.ENETUNREACH)
		b.silence()
		b.do(func() {
			if n := len(b.s.tcp.conns) + b.s.tcp.open.Len(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
		})
		b.s.Close()
		dial("10.0.0.1:80", net.ErrClosed)
	})
}

// "A TCP implementation MUST silently discard an incoming SYN segment that is
// addressed to a broadcast or multicast address", and one "with an invalid source
// address MUST be ignored" (RFC 9293 3.9.2.3, MUST-57, MUST-63).
func TestScriptNoBroadcast(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		syn, err := script.ParseSegment("8000>80 S 0:0(0) win 1000 <mss 1460>")
		if err != nil {
			t.Fatal(err)
		}
		b.meet()
		for _, c := range []struct{ src, dst string }{
			{"10.0.0.1", "10.0.0.255"}, {"10.0.0.1", "255.255.255.255"}, {"10.0.0.1", "224.0.0.1"},
			{"10.0.0.255", "10.0.0.4"}, {"255.255.255.255", "10.0.0.4"}, {"224.0.0.1", "10.0.0.4"},
			{"0.0.0.0", "10.0.0.4"}, {"127.0.0.1", "10.0.0.4"}, {"10.0.0.4", "10.0.0.4"},
		} {
			frame, err := syn.Frame(script.Flow{
				SrcMAC: peerMAC, DstMAC: ourMAC, SrcPort: 8000, DstPort: 80,
				SrcIP: netip.MustParseAddr(c.src), DstIP: netip.MustParseAddr(c.dst),
			})
			if err != nil {
				t.Fatal(err)
			}
			b.send(frame)
			b.silence()
			if state := b.state(8000); state != stateListen {
				t.Errorf("a SYN from %s to %s: %s", c.src, c.dst, state)
			}
		}
	})
}
