package apps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// These tests run the programs on the kernel's connections. That they run on our own, too, is for the tests of part 4.

// listen returns a listener on loopback that is closed when the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dial connects to l. Nothing here takes a minute, however busy the machine is.
func dial(t *testing.T, l net.Listener) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// serve starts a service and connects to it.
func serve(t *testing.T, port uint16) *net.TCPConn {
	t.Helper()
	l := listen(t)
	go Serve(l, Services[port])
	return dial(t, l)
}

func TestEcho(t *testing.T) {
	c := serve(t, 7)
	go func() {
		io.WriteString(c, "there and back")
		c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || string(got) != "there and back" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDiscard(t *testing.T) {
	c := serve(t, 9)
	io.WriteString(c, "into the void")
	c.CloseWrite()
	if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDaytime(t *testing.T) {
	c := serve(t, 13)
	io.WriteString(c, "nobody asks for this")
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC1123+"\r\n", string(got)); err != nil {
		t.Errorf("%q: %v", got, err)
	}
}

// "the first line has the characters from space on, 72 of them, the next begins one later" (RFC 864, the usual pattern).
func TestChargen(t *testing.T) {
	c := serve(t, 19)
	got := make([]byte, 2*74)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(got), "\r\n")
	if len(first) != 72 || first[0] != ' ' || second[0] != '!' || first[1:] != second[:71] {
		t.Errorf("%q\n%q", first, second)
	}
}

// GET shows the status of the connection that asks, GET /bytes/N sends so many bytes, and POST counts.
func TestHTTP(t *testing.T) {
	l := listen(t)
	go ServeHTTP(l, func(c net.Conn) string { return fmt.Sprintf("you are %v", c.RemoteAddr()) })
	for _, test := range []struct {
		method, path, body, want string
		status                   int
	}{
		{"GET", "/", "", "you are 127.0.0.1:", 200},
		{"GET", "/bytes/3", "", ` !"`, 200},
		{"GET", "/bytes/-3", "", "sends N bytes", 400},
		{"HEAD", "/bytes/3", "", "", 200},
		{"GET", "/nothing", "", "not found", 404},
		{"POST", "/", "abc", "3 bytes, SHA-256 ba7816bf8f01cfea", 200},
		{"PUT", "/x", "", "0 bytes, SHA-256 e3b0c442", 200},
	} {
		request, _ := http.NewRequest(test.method, "http://"+l.Addr().String()+test.path, strings.NewReader(test.body))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.want) {
			t.Errorf("%s %s: status %d, %q, %v; want %d and %q", test.method, test.path, response.StatusCode, body, err, test.status, test.want)
		}
	}
}

func TestGet(t *testing.T) {
	l := listen(t)
	go ServeHTTP(l, nil)
	get := func(path string) (string, error) {
		var out bytes.Buffer
		u, _ := url.Parse("http://" + l.Addr().String() + path)
		err := Get(t.Context(), (&net.Dialer{}).DialContext, u, &out)
		return out.String(), err
	}
	if got, err := get("/bytes/5"); err != nil || got != ` !"#$` {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := get("/nothing"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a page that is not there: %v", err)
	}
}

// What in has goes to the peer, what the peer says comes out, and each end of one is the end of the other's half.
func TestNC(t *testing.T) {
	l := listen(t)
	go Serve(l, Echo)
	var out bytes.Buffer
	if err := NC(t.Context(), dial(t, l), strings.NewReader("typed"), &out); err != nil || out.String() != "typed" {
		t.Errorf("%q, %v", &out, err)
	}
}

// A user who has had enough resets the connection.
func TestNCInterrupted(t *testing.T) {
	l := listen(t)
	saw := make(chan error, 1)
	go Serve(l, func(c net.Conn) {
		_, err := io.Copy(io.Discard, c)
		saw <- err
	})
	ctx, cancel := context.WithCancel(t.Context())
	in, _ := io.Pipe() // nobody types
	ended := make(chan error, 1)
	go func() { ended <- NC(ctx, dial(t, l), in, io.Discard) }()
	cancel()
	if err := <-ended; err == nil {
		t.Error("NC has ended, and nothing was wrong")
	}
	if err := <-saw; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the peer saw %v, want a reset", err)
	}
}
