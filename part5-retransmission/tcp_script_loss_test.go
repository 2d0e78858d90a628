package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// withRTT is opened, but the peer's ACK comes rtt later, which gives the first sample of
// the round-trip time (RFC 6298 2.2): RTO = R + 4 * R/2 = 3 R, but 200 ms at least.
func withRTT(options string, wnd int, rtt string) string {
	return fmt.Sprintf(`
		+0 < S 0:0(0) win %[2]d %[1]s
		+0 > S. 0:0(0) ack 1
		+%[3]s < . 1:1(0) ack 1 win %[2]d
		+0 do accept
	`, options, wnd, rtt)
}

// The peers of the scripts about losses: all take 1000 bytes in a segment, and more of
// them than a congestion window of this length.
const (
	plainPeer = "<mss 1000>"
	sackPeer  = "<mss 1000,nop,nop,sackOK>"
)

// burst are lines that want segments of 1000 bytes from a place of the stream up to
// another, the last of which has PSH if that is the end of what was written.
func burst(from, to int, push ...bool) (text string) {
	for ; from < to; from += 1000 {
		flags := "."
		if from+1000 == to && len(push) > 0 {
			flags = "P."
		}
		text += fmt.Sprintf("+0~+.02 > %s %d:%d(1000) ack 1\n", flags, from, from+1000)
	}
	return text
}

// playLoss is playTCP with the calls that part 5 adds:
//
//	usertimeout, keepalive DURATION    of the connection that accept or dial returned last
//	cwnd, rto, srtt                    in bytes; in milliseconds
func playLoss(t *testing.T, text string) {
	t.Helper()
	onTCPBench(t, func(b *tcpBench) { b.playLoss(text) })
}

func playAllLoss(t *testing.T, scripts map[string]string) {
	t.Helper()
	for name, text := range scripts {
		t.Run(name, func(t *testing.T) { playLoss(t, text) })
	}
}

func (b *tcpBench) playLoss(text string) {
	b.Helper()
	b.newLossPeer(text).Close()
}

// newLossPeer is newPeer with playLoss's calls.
func (b *tcpBench) newLossPeer(text string) *script.Peer {
	b.Helper()
	if strings.Contains(text, "do! dial") {
		b.cfg.StackPort = 0
	}
	p := script.NewPeer(b.T, b.cfg)
	p.Play(text, b.lossCalls())
	return p
}

func (b *tcpBench) lossCalls() script.Calls {
	calls := b.calls()
	for name, set := range map[string]func(*Conn, time.Duration) error{
		"usertimeout": (*Conn).SetUserTimeout, "keepalive": (*Conn).SetKeepAlivePeriod,
	} {
		calls[name] = func(args ...string) (string, error) {
			d, err := time.ParseDuration(args[0])
			if err != nil {
				return "", err
			}
			return "", b.opErrorOf("set", set(b.kept(), d))
		}
	}
	calls["keepaliveon"] = b.onConn("set", func(c *Conn) error { return c.SetKeepAlive(true) })
	for name, get := range map[string]func(*Conn) int{
		"cwnd": func(c *Conn) int { return c.cc.cwnd },
		"rto":  func(c *Conn) int { return int(c.rto.timeout().Round(time.Millisecond) / time.Millisecond) },
		"srtt": func(c *Conn) int { return int(c.rto.srtt.Round(time.Millisecond) / time.Millisecond) },
	} {
		calls[name] = func(...string) (n string, err error) {
			b.do(func() { n = strconv.Itoa(get(b.conn(8000))) })
			return n, nil
		}
	}
	return calls
}
