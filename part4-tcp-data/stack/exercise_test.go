//go:build exercise

package stack

import (
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/script"
)

// The exercises of docs/4-tcp-data.md. Each test fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part4-tcp-data/...

// RFC 868: on port 37 the server sends the seconds since the beginning of 1900, a number of
// 32 bits, and closes.
func TestExercise1Time(t *testing.T) {
	service := apps.Services[37]
	if service == nil {
		t.Fatal("there is no service for port 37: write one, and put it into apps.Services")
	}
	onPair(t, func(p *pair) {
		server, client := p.connect(37)
		go func() {
			defer server.Close()
			service(server)
		}()
		if err := client.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		since1900 := time.Now().Unix() + 2_208_988_800
		got, err := io.ReadAll(client)
		if err != nil || len(got) != 4 {
			t.Fatalf("the client reads % x and then %v, want four bytes and io.EOF", got, err)
		}
		if n := int64(binary.BigEndian.Uint32(got)); n < since1900 || n > since1900+1 {
			t.Errorf("it is %d, want %d: seconds since 1900, the high byte first", n, since1900)
		}
		client.Close()
	})
}

// Who looks for a connection that nobody closes wants to know for how long it has been in
// its state.
func TestExercise2HowLong(t *testing.T) {
	onPair(t, func(p *pair) {
		server, client := p.connect(80)
		defer server.Close()
		time.Sleep(10 * time.Second)
		client.Close()
		time.Sleep(90 * time.Second)
		status := p.ours.TCPStatus(peerIP)
		row := regexp.MustCompile(`(?m)^.*CLOSE-WAIT.*$`).FindString(status)
		if !regexp.MustCompile(`\b(1m30s|0?1:30|90 ?s?)\b`).MatchString(row) {
			t.Errorf("our user has not closed for 90 seconds, and the line of the connection does not say 1m30s:\n%s", status)
		}
	})
}

// playWith plays a script that can do one thing more, with sequence numbers in either half of their space and across the
// borders.
func playWith(t *testing.T, name string, f func(c *Conn, arg string) error, text string) {
	t.Helper()
	for _, iss := range []uint32{0x12345678, 0x9abcdef0, 1<<31 - 50, script.Wrap, 1<<32 - 150} {
		playFrom(t, iss, name, f, text)
	}
}

// playFrom does so with one ISS.
func playFrom(t *testing.T, iss uint32, name string, f func(c *Conn, arg string) error, text string) {
	t.Helper()
	onListening(t, func(b *bench, _ *Listener) {
		b.s.fixISS(connKey{peerIP.As4(), 8000, 80}, iss)
		b.Script.StackISS = &iss
		calls := b.Calls(true, &iss)
		calls[name] = func(args ...string) (string, error) {
			return "", f(b.kept(), strings.Join(args, " "))
		}
		script.Run(b.T, b.Script, text, calls)
		if t.Failed() {
			t.Logf("(this was with an ISS of %#x)", iss)
		}
	})
}

// A corked connection sends full segments only, whatever is acknowledged. When the cork is
// pulled out, the rest goes; a FIN pulls it out, too.
func TestExercise3Cork(t *testing.T) {
	type corker interface{ SetCork(bool) error }
	if _, ok := net.Conn((*Conn)(nil)).(corker); !ok {
		t.Fatal("Conn has no method SetCork(bool) error")
	}
	set := func(c *Conn, arg string) error { return any(c).(corker).SetCork(arg != "off") }
	for name, text := range map[string]string{
		"nothing small, though all is acknowledged": opened("<mss 100>", 1000) + `
			+0 do cork
			+0 do write 30 = 30
			+0 do write 30 = 30
			+1 > nothing
			+0 do write 50 = 50
			+0 > . 1:101(100) ack 1
			+.1 < . 1:1(0) ack 101 win 1000
			+1 > nothing
			+0 do cork off
			+0 > P. 101:111(10) ack 1`,
		"not with NoDelay, either": opened("<mss 100>", 1000) + `
			+0 do nodelay
			+0 do cork
			+0 do write 30 = 30
			+1 > nothing
			+0 do cork off
			+0 > P. 1:31(30) ack 1`,
		"a FIN takes the rest along": opened("<mss 100>", 1000) + `
			+0 do cork
			+0 do write 30 = 30
			+.1 > nothing
			+0 do closewrite
			+0 > FP. 1:31(30) ack 1`,
	} {
		t.Run(name, func(t *testing.T) { playWith(t, "cork", set, text) })
	}
}

// Minshall's variant of the Nagle algorithm (RFC 9293 A.3): a small segment waits only for
// the acknowledgment of another small one.
func TestExercise4Minshall(t *testing.T) {
	type minshall interface{ SetMinshall(bool) error }
	if _, ok := net.Conn((*Conn)(nil)).(minshall); !ok {
		t.Fatal("Conn has no method SetMinshall(bool) error")
	}
	set := func(c *Conn, arg string) error { return any(c).(minshall).SetMinshall(arg != "off") }
	for name, text := range map[string]string{
		"behind full segments it goes at once": opened("<mss 100>", 1000) + `
			+0 do minshall
			+0 do write 210 = 210
			+0 > . 1:101(100) ack 1
			+0 > . 101:201(100) ack 1
			+0 > P. 201:211(10) ack 1`,
		"behind a small one it waits": opened("<mss 100>", 1000) + `
			+0 do minshall
			+0 do write 110 = 110
			+0 > . 1:101(100) ack 1
			+0 > P. 101:111(10) ack 1
			+0 do write 10 = 10
			+0 do write 10 = 10
			+.05 < . 1:1(0) ack 101 win 1000
			+.05 < . 1:1(0) ack 111 win 1000
			+0 > P. 111:131(20) ack 1`,
		"a small one that was acknowledged is no reason to wait": opened("<mss 100>", 1000) + `
			+0 do minshall
			+0 do write 30 = 30
			+0 > P. 1:31(30) ack 1
			+.05 < . 1:1(0) ack 31 win 1000
			+0 do write 110 = 110
			+0 > . 31:131(100) ack 1
			+0 > P. 131:141(10) ack 1`,
		"without it all is as it was": opened("<mss 100>", 1000) + `
			+0 do write 110 = 110
			+0 > . 1:101(100) ack 1
			+.05 < . 1:1(0) ack 101 win 1000
			+0 > P. 101:111(10) ack 1`,
	} {
		t.Run(name, func(t *testing.T) { playWith(t, "minshall", set, text) })
	}
}

// The user may choose RCV.BUFF, as with *net.TCPConn. A promise that was made stays: "A TCP
// receiver SHOULD NOT shrink the window, i.e., move the right window edge to the left" (RFC
// 9293 3.8.6, SHLD-14).
func TestExercise5ReadBuffer(t *testing.T) {
	type setter interface{ SetReadBuffer(int) error }
	if _, ok := net.Conn((*Conn)(nil)).(setter); !ok {
		t.Fatal("Conn has no method SetReadBuffer(bytes int) error")
	}
	set := func(c *Conn, arg string) error {
		n, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		return any(c).(setter).SetReadBuffer(n)
	}
	for name, text := range map[string]string{
		"smaller: what was promised stays, the next window is small": opened("<mss 1000>", 1000) + `
			+0 do rcvbuf 4000
			+0 do setbuf 1000
			+0 < . 1:1001(1000) ack 1 win 1000
			+0~+.1 > . 1:1(0) ack 1001 win 3000
			+0 do read 1000 = 1000
			+0 < . 1001:2001(1000) ack 1 win 1000
			+0~+.1 > . 1:1(0) ack 2001 win 2000
			+0 < . 2001:3001(1000) ack 1 win 1000
			+0~+.1 > . 1:1(0) ack 3001 win 1000
			+0 do read 2000 = 2000
			+0 < P. 3001:4001(1000) ack 1 win 1000
			+0~+.1 > . 1:1(0) ack 4001 win 0
			+0 do read 1000 = 1000
			+0 > . 1:1(0) ack 4001 win 1000`,
		"larger: the peer is told": opened("<mss 1000, wscale 7>", 1000) + `
			+0 do setbuf 200000
			+0 > . 1:1(0) ack 1 win 1562`,
		"but no more than a window without a scale can say": opened("<mss 1000>", 1000) + `
			+0 do setbuf 200000
			+0 < . 1:1001(1000) ack 1 win 1000
			+0~+.1 > . 1:1(0) ack 1001 win 64535
			+0 do read 1000 = 1000
			+0 > nothing`,
	} {
		t.Run(name, func(t *testing.T) { playWith(t, "setbuf", set, text) })
	}
}
