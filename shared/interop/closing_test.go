//go:build linux

package interop

import (
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// closings are the ways in which a connection can end, or not begin.
var closings = []struct {
	name string
	run  func(h *host) error
}{
	{"part 5 closes first", closedByPart},
	{"part 5 closes its half first", halfClosedByPart},
	{"netstack closes its half first", func(h *host) error { return h.echo(300_000) }},
	{"both close at once", closedByBoth},
	{"netstack resets part 5's server", resetServer},
	{"netstack resets part 5's client", resetClient},
	{"part 5 resets", resetByPart},
	{"part 5 holds a connection until it ends", heldByPart},
	{"part 5 refuses", refusedByPart},
	{"netstack refuses", refusedByNetstack},
}

// However a connection ends, both ends know it, and nothing that was sent before is lost (RFC 9293 3.6).
func TestClosing(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		for _, plain := range []bool{false, true} {
			for _, x := range closings {
				t.Run(fmt.Sprintf("%s, plain: %v", x.name, plain), func(t *testing.T) {
					t.Parallel()
					s := setup{}
					if plain {
						s.flags = []string{"-plain"}
					}
					if err := x.run(newHost(t, s)); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
	robustRow{Area: "interoperation", What: "netstack: closing, half-closing, resets, refusals", Source: "RFC 9293 3.6, 3.10",
		Tried:   fmt.Sprintf("%d ways, each with and without SACK and timestamps", len(closings)),
		Outcome: "both ends know it each time, and no byte that was sent before is lost"}.report(t)
}

func closedByPart(h *host) error {
	h.server()
	c := h.connect(13)
	defer c.Close()
	time.Sleep(50 * time.Millisecond) // its FIN is here when we read, and when we close
	_, err := io.ReadAll(c)
	return err
}

// accept takes one connection from part 5's nc.
func (h *host) accept(stdin io.Reader) (net.Conn, *part) {
	h.Helper()
	l := h.listen(7777)
	p := startPart(h, stdin, "-nc", "10.0.0.1:7777")
	c, err := l.Accept()
	if err != nil {
		h.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return c, p
}

// halfClosedByPart has part 5 send all and close; what netstack sends after that must still arrive.
func halfClosedByPart(h *host) error {
	c, p := h.accept(newStream(1, 100_000))
	if err := sameStreams(c, newStream(1, 100_000)); err != nil {
		return err
	}
	if _, err := io.Copy(c, newStream(2, 300_000)); err != nil {
		return err
	}
	c.Close()
	return sameStreams(p.printed(h.T), newStream(2, 300_000))
}

// closedByBoth has both ends send, and close without waiting for the other one.
func closedByBoth(h *host) error {
	c, p := h.accept(newStream(1, 1000))
	if _, err := io.Copy(c, newStream(2, 1000)); err != nil {
		return err
	}
	if err := c.(*gonet.TCPConn).CloseWrite(); err != nil {
		return err
	}
	if err := sameStreams(c, newStream(1, 1000)); err != nil {
		return err
	}
	return sameStreams(p.printed(h.T), newStream(2, 1000))
}

// socket is a connection to the part whose socket options can be set.
func (h *host) socket(port uint16) (tcpip.Endpoint, *gonet.TCPConn) {
	h.Helper()
	var queue waiter.Queue
	ep, err := h.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &queue)
	h.must(err)
	entry, connected := waiter.NewChannelEntry(waiter.WritableEvents)
	queue.EventRegister(&entry)
	defer queue.EventUnregister(&entry)
	if err := ep.Connect(tcpip.FullAddress{NIC: nic, Addr: partIP, Port: port}); err != nil {
		if _, started := err.(*tcpip.ErrConnectStarted); !started {
			h.Fatal(err)
		}
	}
	<-connected
	h.must(ep.LastError())
	return ep, gonet.NewTCPConn(&queue, ep)
}

// Connections in the table of the page / are lines with both addresses.
var connection = regexp.MustCompile(`10\.0\.0\.4:\d+.*10\.0\.0\.1:\d+`)

// resetServer breaks 20 connections off in the middle of a stream. Part 5 forgets them, and serves on.
func resetServer(h *host) error {
	h.server()
	for range 20 {
		ep, c := h.socket(19)
		if err := sameStreams(io.LimitReader(c, 50_000), newChargen(50_000)); err != nil {
			return err
		}
		ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true}) // so Close is a reset
		ep.Close()
	}
	if n := h.stack.Stats().TCP.ResetsSent.Value(); n < 20 {
		return fmt.Errorf("netstack has sent %d resets for 20 connections", n)
	}
	response, err := h.client().Get("http://10.0.0.4/")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if n := len(connection.FindAll(page, -1)); n > 2 || err != nil {
		return fmt.Errorf("part 5 still has connections (%v):\n%s", err, page)
	}
	return nil
}

// silence is a stdin in which nothing ever comes. (It is a file, for which no goroutine has to wait.)
func silence(h *host) *os.File {
	h.Helper()
	silent, feed, err := os.Pipe()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { silent.Close(); feed.Close() })
	return silent
}

// resetClient breaks part 5's connection off. It says so.
func resetClient(h *host) error {
	c, p := h.accept(silence(h))
	if _, err := io.Copy(c, newStream(1, 1000)); err != nil {
		return err
	}
	for len(p.stdout.String()) < 1000 {
		time.Sleep(time.Millisecond)
	}
	h.stack.Close() // aborts its connections
	return p.wantFailure("reset")
}

// wantFailure waits until the part ends, and wants it to fail for a reason.
func (p *part) wantFailure(why string) error {
	select {
	case <-p.ended:
	case <-time.After(patience):
		return fmt.Errorf("%v does not end", p.Args[1:])
	}
	if p.err == nil || !strings.Contains(p.stderr.String(), why) {
		return fmt.Errorf("%v ends with %v, and should tell %q:\n%s", p.Args[1:], p.err, why, p.stderr.String())
	}
	return nil
}

// resetByPart interrupts nc, which aborts (RFC 9293 3.10.5).
func resetByPart(h *host) error {
	c, p := h.accept(silence(h))
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "reset") {
		return fmt.Errorf("netstack reads %v, and should see a reset", err)
	}
	return nil
}

func heldByPart(h *host) error {
	l := h.listen(7777)
	p := h.part("-dial", "10.0.0.1:7777")
	c, err := l.Accept()
	if err != nil {
		return err
	}
	p.waitFor(h.T, &p.stdout, "ESTABLISHED")
	p.stop(h.T)
	_ = c.SetDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		return fmt.Errorf("netstack reads %d bytes (%v), and should see the end", n, err)
	}
	return nil
}

func refusedByPart(h *host) error {
	h.server()
	if _, err := h.dial(81); err == nil || !strings.Contains(err.Error(), "refused") {
		return fmt.Errorf("netstack dials a closed port: %v", err)
	}
	return nil
}

func refusedByNetstack(h *host) error { return h.part("-nc", "10.0.0.1:81").wantFailure("refused") }
