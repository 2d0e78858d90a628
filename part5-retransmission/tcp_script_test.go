package main

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"framebyframe/shared/script"
)

// tcpBench is a bench with a listener on port 80, for scripts: shared/script plays
// the other host in packetdrill's notation, and gopacket checks every byte of ours.
type tcpBench struct {
	*bench
	l      *Listener
	cfg    script.Config
	ctx    context.Context // what dial gets
	cancel context.CancelFunc

	mu   sync.Mutex
	last *Conn // what accept or dial returned last
}

// onTCPBench runs f with a stack that listens on port 80.
func onTCPBench(t *testing.T, f func(b *tcpBench)) {
	t.Helper()
	onBench(t, func(plain *bench) {
		l, err := plain.s.Listen(80)
		if err != nil {
			plain.Fatal(err)
		}
		b := &tcpBench{bench: plain, l: l, cfg: script.Config{
			Device: plain.peer, PeerMAC: peerMAC, StackMAC: ourMAC, PeerIP: peerIP, StackIP: ourIP,
			StackPort: 80, DF: script.DFSet,
		}}
		b.ctx, b.cancel = context.WithCancel(context.Background())
		defer b.cancel()
		f(b)
	})
}

// playTCP plays a script. If it dials, our port is learnt from our SYN.
func playTCP(t *testing.T, text string) {
	t.Helper()
	onTCPBench(t, func(b *tcpBench) { b.play(text) })
}

// playAll plays scripts by their names.
func playAll(t *testing.T, scripts map[string]string) {
	t.Helper()
	for name, text := range scripts {
		t.Run(name, func(t *testing.T) { playTCP(t, text) })
	}
}

func (b *tcpBench) play(text string) {
	b.Helper()
	if strings.Contains(text, "do! dial") {
		b.cfg.StackPort = 0
	}
	script.Run(b.T, b.cfg, text, b.calls())
}

// newPeer plays a script and returns the peer, for segments that no script has. Its
// user has to close it.
func (b *tcpBench) newPeer(text string) *script.Peer {
	b.Helper()
	if strings.Contains(text, "do! dial") {
		b.cfg.StackPort = 0
	}
	p := script.NewPeer(b.T, b.cfg)
	p.Play(text, b.calls())
	return p
}

// calls are what scripts can do with the stack.
func (b *tcpBench) calls() script.Calls {
	return b.withDataCalls(script.Calls{
		"accept": func(...string) (string, error) { return "", b.keep(b.l.AcceptTCP()) },
		"dial": func(to ...string) (string, error) {
			if len(to) == 0 {
				to = []string{"10.0.0.1:8000"}
			}
			addr := netip.MustParseAddrPort(to[0])
			if b.cfg.StackISS != nil {
				b.setISS(b.nextKey(addr.Addr(), addr.Port()), *b.cfg.StackISS)
			}
			return "", b.keep(b.s.DialTCP(b.ctx, addr))
		},
		"cancel":   func(...string) (string, error) { b.cancel(); return "", nil },
		"abort":    func(...string) (string, error) { b.kept().Abort(); return "", nil },
		"close":    func(...string) (string, error) { return "", b.s.Close() },
		"unlisten": func(...string) (string, error) { return "", b.l.Close() },
		"state":    func(...string) (string, error) { return string(b.state(8000)), nil },
	})
}

func (b *tcpBench) keep(c *Conn, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.last = c
	}
	return err
}

func (b *tcpBench) kept() *Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// conn returns the connection with a port of the peer, or nil. The lock is held.
func (b *tcpBench) conn(peerPort uint16) *Conn {
	for key, c := range b.s.tcp.conns {
		if key.remotePort == peerPort {
			return c
		}
	}
	return nil
}

// state is the state of the connection with a port of the peer, or what its next
// segment would find.
func (b *tcpBench) state(peerPort uint16) (state tcpState) {
	b.do(func() {
		c := b.conn(peerPort)
		switch {
		case c != nil:
			state = c.state
		case b.cfg.StackPort == 80 && !b.l.closed:
			state = stateListen
		default:
			state = stateClosed
		}
	})
	return state
}

// handshake opens a connection to port 80.
const handshake = `
	+0 < S 0:0(0) win 1000 <mss 1460>
	+0 > S. 0:0(0) ack 1 <mss 1460,...>
	+0 < . 1:1(0) ack 1 win 1000
	+0 state ESTABLISHED
`

// RFC 9293 3.10.7.1, CLOSED STATE.
func TestScriptClosed(t *testing.T) {
	playAll(t, map[string]string{
		"a RST is discarded": `
			+0 < 8000>81 R 7:7(0)
			+0 < 8000>81 R. 7:7(0) ack 9
			+1 > nothing`,
		"without ACK: SEQ=0, ACK=SEG.SEQ+SEG.LEN, RST and ACK": `
			+0 < 8000>81 S 0:0(0) win 1000 <mss 1460,sackOK,wscale 7>
			+0 > 81>8000 R. 0:0(0) ack 1 <>
			+0 < 8000>81 S 0:10(10) win 1000
			+0 > 81>8000 R. 0:0(0) ack 11 <>
			+0 < 8000>81 SF 0:10(10) win 1000
			+0 > 81>8000 R. 0:0(0) ack 12 <>
			+0 < 8000>81 F 5:5(0) win 1000
			+0 > 81>8000 R. 0:0(0) ack 6 <>
			+0 < 8000>81 - 5:8(3) win 1000
			+0 > 81>8000 R. 0:0(0) ack 8 <>
			+0 < 8000>81 - 5:5(0) win 1000
			+0 > 81>8000 R. 0:0(0) ack 5 <>`,
		"with ACK: SEQ=SEG.ACK, RST": `
			+0 < 8000>81 . 7:7(0) ack 4000000000 win 1000
			+0 > 81>8000 R 4000000000:4000000000(0) <>
			+0 < 8000>81 S. 7:7(0) ack 0 win 1000
			+0 > 81>8000 R 0:0(0) <>
			+0 < 8000>81 FPU. 7:10(3) ack 77 win 1000
			+0 > 81>8000 R 77:77(0) <>`,
		"a broken one is no segment (RFC 9293 3.1, MUST-3)": `
			+0 < 8000>81 S 0:0(0) win 1000 badsum
			+0 < 8000>81 S 0:0(0) win 1000 doff 4
			+0 < 8000>81 S 0:0(0) win 1000 doff 6
			+1 > nothing`,
		"reserved bits are ignored (RFC 9293 3.1)": `
			+0 < 8000>81 S 0:0(0) win 1000 reserved 15
			+0 > 81>8000 R. 0:0(0) ack 1`,
	})
}

// RFC 9293 3.10.7.2, LISTEN STATE.
func TestScriptListen(t *testing.T) {
	playAll(t, map[string]string{
		"first, a RST is ignored": `
			+0 < R 7:7(0)
			+0 < R. 7:7(0) ack 9
			+0 < SR 7:7(0)
			+1 > nothing
			+0 state LISTEN`,
		"second, any ACK is bad": `
			+0 < . 7:7(0) ack 4000000000 win 1000
			+0 > R 4000000000:4000000000(0) <>
			+0 < S. 7:7(0) ack 9 win 1000
			+0 > R 9:9(0) <>
			+0 < F. 7:7(0) ack 9 win 1000
			+0 > R 9:9(0) <>
			+0 < P. 7:17(10) ack 9 win 1000
			+0 > R 9:9(0) <>
			+0 state LISTEN`,
		"third, a SYN": `
			+0 < S 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1 <mss 1460,...>
			+0 state SYN-RECEIVED`,
		"SYN and FIN: only the SYN is acknowledged": `
			+0 < SF 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1
			+0 state SYN-RECEIVED`,
		"SYN with data: only the SYN is acknowledged": `
			+0 < S 0:10(10) win 1000
			+0 > S. 0:0(0) ack 1
			+0 state SYN-RECEIVED`,
		"SYN with all the rest": `
			+0 < SPUEW 0:0(0) win 0 urg 9
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 0
			+0 state ESTABLISHED`,
		"fourth, neither: dropped": `
			+0 < - 7:7(0) win 1000
			+0 < F 7:7(0) win 1000
			+0 < FPU 7:7(0) win 1000
			+0 < P 7:17(10) win 1000
			+1 > nothing
			+0 state LISTEN`,
		"a broken SYN is none": `
			+0 < S 0:0(0) win 1000 badsum
			+1 > nothing
			+0 state LISTEN`,
	})
}
