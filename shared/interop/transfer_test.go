//go:build linux

package interop

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A transfer moves size bytes between netstack and part 5, and returns an error if any of them is another one.
type transfer struct {
	name string
	run  func(h *host, size int) error
}

// transfers are all ways in which bytes get from one end to the other. The first four are connections of netstack to
// part 5's services, the others of part 5 to netstack.
var transfers = []transfer{
	{"part 5 sends pages", (*host).get},
	{"part 5 takes a form", (*host).post},
	{"part 5 echoes", (*host).echo},
	{"chargen and discard", (*host).services},
	{"part 5 fetches", (*host).isFetched},
	{"part 5's nc, echoed", (*host).isEchoed},
}

// client is a web client on netstack.
func (h *host) client() *http.Client {
	dial := func(context.Context, string, string) (net.Conn, error) { return h.dial(80) }
	return &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: patience}
}

// get fetches /bytes/N.
func (h *host) get(size int) error {
	h.server()
	response, err := h.client().Get(fmt.Sprintf("http://10.0.0.4/bytes/%d", size))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return sameStreams(response.Body, newChargen(size))
}

// post sends bytes, of which part 5 tells the number and the SHA-256.
func (h *host) post(size int) error {
	h.server()
	hash := sha256.New()
	response, err := h.client().Post("http://10.0.0.4/", "application/octet-stream", io.TeeReader(newStream(1, size), hash))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if want := fmt.Sprintf("%d bytes, SHA-256 %x\n", size, hash.Sum(nil)); err != nil || string(got) != want {
		return fmt.Errorf("part 5 says %q (%v), want %q", got, err, want)
	}
	return nil
}

// echo sends and receives at the same time.
func (h *host) echo(size int) error {
	h.server()
	return echoStream(h.connect(7), 2, size)
}

// echoStream sends a stream, closes its half of the connection, and wants the stream back, and then the end.
func echoStream(c net.Conn, seed uint64, size int) error {
	defer c.Close()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, newStream(seed, size))
		sent <- errors.Join(err, c.(interface{ CloseWrite() error }).CloseWrite())
	}()
	err := sameStreams(c, newStream(seed, size))
	if err != nil {
		c.Close()
	}
	return errors.Join(err, <-sent)
}

// services reads what chargen sends, while discard takes as much. daytime is one line.
func (h *host) services(size int) error {
	h.server()
	discard := h.connect(9)
	defer discard.Close()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(discard, newStream(3, size))
		_ = discard.CloseWrite()
		if n, end := discard.Read(make([]byte, 1)); n != 0 || end != io.EOF {
			err = fmt.Errorf("discard answers: %d bytes, %v", n, end)
		}
		sent <- err
	}()
	generated := h.connect(19)
	err := sameStreams(io.LimitReader(generated, int64(size)), newChargen(size))
	generated.Close()
	daytime := h.connect(13)
	defer daytime.Close()
	line, timeErr := io.ReadAll(daytime)
	if len(line) < 20 || string(line[len(line)-2:]) != "\r\n" {
		timeErr = errors.Join(timeErr, fmt.Errorf("daytime says %q", line))
	}
	return errors.Join(err, <-sent, timeErr)
}

// isFetched has part 5 fetch a page from a web server on netstack.
func (h *host) isFetched(size int) error {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, newStream(4, size)) })
	server := &http.Server{Handler: page}
	defer server.Close()
	l := h.listen(8000)
	go func() { _ = server.Serve(l) }()
	return sameStreams(h.part("-get", "http://10.0.0.1:8000/").printed(h.T), newStream(4, size))
}

// isEchoed has part 5's nc send a stream, which netstack sends back.
func (h *host) isEchoed(size int) error {
	l := h.listen(7777)
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	p := startPart(h, newStream(5, size), "-nc", "10.0.0.1:7777")
	return sameStreams(p.printed(h.T), newStream(5, size))
}

// What each of the two stacks can do and need not, it does with the other one, on all sizes of cables.
func TestTransfers(t *testing.T) {
	type options = []tcpip.SettableTransportProtocolOption
	of := func(o ...tcpip.SettableTransportProtocolOption) options { return o }
	sack, reno, rack := tcpip.TCPSACKEnabled(false), tcpip.CongestionControlOption("reno"), tcpip.TCPRecovery(0)
	nagle, cookies, cubic := tcpip.TCPDelayEnabled(true), tcpip.TCPAlwaysUseSynCookies(true), tcpip.CongestionControlOption("cubic")
	buffers := func(n int) options {
		return of(&tcpip.TCPSendBufferSizeRangeOption{Min: n, Default: n, Max: n}, &tcpip.TCPReceiveBufferSizeRangeOption{Min: n, Default: n, Max: n})
	}
	tuned := tcpip.TCPModerateReceiveBufferOption(true)
	setups := []struct {
		name string
		setup
	}{
		{"as they come", setup{}},
		{"CUBIC", setup{options: of(&cubic)}},
		{"no SACK, Reno", setup{options: of(&sack, &reno)}},
		{"SACK without RACK", setup{options: of(&rack)}},
		{"Nagle's algorithm", setup{options: of(&nagle)}},
		{"SYN cookies", setup{options: of(&cookies)}},
		{"buffers of 4 KiB", setup{options: buffers(4 << 10)}},
		{"buffers of 4 MiB that grow", setup{options: append(buffers(4<<20), &tuned)}},
		{"part 5 -plain", setup{flags: []string{"-plain"}}},
		{"both plain, Nagle's algorithm", setup{options: of(&sack, &reno, &nagle), flags: []string{"-plain"}}},
		{"MTU 576", setup{mtu: 576, flags: []string{"-mtu", "576"}}},
		{"MTU 9000", setup{mtu: 9000, flags: []string{"-mtu", "9000"}}},
		{"MTU 9000, netstack's 1500", setup{flags: []string{"-mtu", "9000"}}},
		{"MTU 1500, netstack's 9000", setup{mtu: 9000}},
	}
	size := howMany(300_000, 20_000_000)
	var done atomic.Int64
	t.Run("all", func(t *testing.T) {
		for _, s := range setups {
			for _, x := range transfers {
				t.Run(s.name+"/"+x.name, func(t *testing.T) {
					t.Parallel()
					if err := x.run(newHost(t, s.setup), size); err != nil {
						t.Error(err)
					}
					done.Add(1)
				})
			}
		}
	})
	robustRow{Area: "interoperation", What: "netstack: streams, with its options and MTUs", Source: "RFC 9293",
		Tried:   fmt.Sprintf("%d set-ups, %d transfers of %d bytes each", len(setups), done.Load(), size),
		Outcome: "all streams the same at both ends"}.report(t)
}
