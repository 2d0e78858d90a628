package apps

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// proxyTo starts a proxy that opens its connections by dial, and returns its address.
func proxyTo(t *testing.T, dial Dial) string {
	t.Helper()
	l := listen(t)
	ended := make(chan error, 1)
	go func() { ended <- ServeProxy(l, dial) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the proxy ended with %v", err)
		}
	})
	return l.Addr().String()
}

// proxy is one by whose name "web" goes address.
func proxy(t *testing.T, address string) string {
	t.Helper()
	return proxyTo(t, func(ctx context.Context, network, to string) (net.Conn, error) {
		if host, _, _ := net.SplitHostPort(to); host == "web" {
			to = address
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	})
}

// throughProxy is a web client that knows only the proxy, by SOCKS or HTTP.
func throughProxy(t *testing.T, scheme, at string) *http.Client {
	t.Helper()
	through := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: scheme, Host: at}),
		DisableCompression: true,                                  // a header more than asked for would be the proxy's
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // it is not about certificates
	}
	t.Cleanup(through.CloseIdleConnections)
	return &http.Client{Transport: through, Timeout: time.Minute}
}

// Go's own clients reach a web server through the proxy, by each of the three ways, and with TLS. The name is resolved
// at the proxy's end.
func TestProxy(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s of %d bytes for %s%s", r.Method, r.URL.Path, len(body), r.Host, r.Header["Accept-Encoding"])
	})
	for scheme, server := range map[string]*httptest.Server{"http": httptest.NewServer(page), "https": httptest.NewTLSServer(page)} {
		defer server.Close()
		at := proxy(t, server.Listener.Addr().String())
		for _, by := range []string{"socks5", "socks5h", "http"} {
			client := throughProxy(t, by, at)
			for range 3 {
				response, err := client.Post(scheme+"://web/a%20page", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
				if err != nil {
					t.Fatalf("%s by %s: %v", scheme, by, err)
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if want := "POST /a page of 1048576 bytes for web[]"; err != nil || string(body) != want {
					t.Errorf("%s by %s: %q, %v", scheme, by, body, err)
				}
			}
		}
	}
}

// What a proxy cannot do it says, in the words of whoever asks.
func TestProxyRefuses(t *testing.T) {
	reasons := map[string]error{
		"refused": syscall.ECONNREFUSED, "nonet": syscall.ENETUNREACH, "nohost": syscall.EHOSTUNREACH,
		"unknown": &net.DNSError{Err: "no such host", IsNotFound: true}, "silent": context.DeadlineExceeded, "else": syscall.EIO,
	}
	at := proxyTo(t, func(_ context.Context, _, to string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(to)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: reasons[host]}
	})
	for host, want := range map[string]string{
		"refused": "connection refused", "nonet": "network unreachable", "nohost": "host unreachable",
		"unknown": "host unreachable", "silent": "TTL expired", "else": "general SOCKS server failure",
	} {
		if _, err := throughProxy(t, "socks5", at).Get("http://" + host + "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s by SOCKS: %v, want %q", host, err, want)
		}
		response, err := throughProxy(t, "http", at).Get("http://" + host + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), reasons[host].Error()) {
			t.Errorf("%s by HTTP: %s, %q", host, response.Status, body)
		}
	}
}

// Requests as bytes, and what comes back until the proxy closes: RFC 1928 3 to 6.
func TestSOCKS(t *testing.T) {
	at := proxyTo(t, func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED })
	for _, test := range []struct{ what, send, want string }{
		{"CONNECT to an address", "050100 05010001 0a000001 0050", "0500 05050001 00000000 0000"},
		{"CONNECT to a name", "050100 05010003 03 616263 0050", "0500 05050001 00000000 0000"},
		{"CONNECT to an IPv6 address", "050100 05010004 20010db8000000000000000000000001 0050", "0500 05050001 00000000 0000"},
		{"one of several methods", "05030200ff 05010001 0a000001 0050", "0500 05050001 00000000 0000"},
		{"no method that we know", "050102", "05ff"},
		{"no method at all", "0500", "05ff"},
		{"BIND", "050100 05020001 0a000001 0050", "0500 05070001 00000000 0000"},
		{"UDP ASSOCIATE", "050100 05030001 0a000001 0050", "0500 05070001 00000000 0000"},
		{"an unknown type of address", "050100 05010002", "0500 05080001 00000000 0000"},
		{"another version in the request", "050100 04010001 0a000001 0050", "0500 05010001 00000000 0000"},
		{"too short", "050100 05010001 0a00", "0500"},
		{"nothing after the version", "05", ""},
		{"nothing", "", ""},
	} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		send, _ := hex.DecodeString(strings.ReplaceAll(test.send, " ", ""))
		want, _ := hex.DecodeString(strings.ReplaceAll(test.want, " ", ""))
		c.Write(send)
		c.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: % x, %v, want % x", test.what, got, err, want)
		}
		c.Close()
	}
}

// connectBySOCKS opens a connection to "web" through the proxy.
func connectBySOCKS(t *testing.T, at string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(time.Minute))
	c.Write([]byte("\x05\x01\x00\x05\x01\x00\x03\x03web\x00\x50"))
	reply := make([]byte, 12)
	if _, err := io.ReadFull(c, reply); err != nil || reply[3] != socksSucceeded {
		t.Fatalf("% x, %v", reply, err)
	}
	return c.(*net.TCPConn)
}

// The end of one direction passes the proxy while the other goes on, either way.
func TestProxyHalfClose(t *testing.T) {
	for name, server := range map[string]func(c *net.TCPConn){
		"client first": func(c *net.TCPConn) {
			all, _ := io.ReadAll(c)
			fmt.Fprintf(c, "%s, and more", all)
		},
		"server first": func(c *net.TCPConn) {
			io.WriteString(c, "question, and more")
			c.CloseWrite()
			io.Copy(io.Discard, c)
		},
	} {
		l := listen(t)
		go Serve(l, func(c net.Conn) { server(c.(*net.TCPConn)) })
		c := connectBySOCKS(t, proxy(t, l.Addr().String()))
		if name == "client first" {
			io.WriteString(c, "question")
			c.CloseWrite()
		}
		if all, err := io.ReadAll(c); err != nil || string(all) != "question, and more" {
			t.Errorf("%s: %q, %v", name, all, err)
		}
		c.Close()
	}
}

// A reset passes the proxy as a reset, either way: a stream that broke off must not look like one that ended.
func TestProxyReset(t *testing.T) {
	l := listen(t)
	saw := make(chan error, 2)
	go Serve(l, func(c net.Conn) {
		first := make([]byte, 1)
		io.ReadFull(c, first)
		if first[0] == 'r' {
			c.(*net.TCPConn).SetLinger(0)
			return
		}
		_, err := io.ReadAll(c)
		saw <- err
	})
	at := proxy(t, l.Addr().String())
	c := connectBySOCKS(t, at)
	io.WriteString(c, "r")
	if _, err := io.ReadAll(c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server reset the connection, and the client saw %v", err)
	}
	c = connectBySOCKS(t, at)
	io.WriteString(c, "c")
	c.SetLinger(0)
	c.Close()
	if err := <-saw; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client reset the connection, and the server saw %v", err)
	}
}

// 200 connections at once, each with a stream of its own both ways.
func TestProxyMany(t *testing.T) {
	l := listen(t)
	go Serve(l, Echo)
	at := proxy(t, l.Addr().String())
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			c := connectBySOCKS(t, at)
			defer c.Close()
			want := bytes.Repeat(fmt.Appendf(nil, "connection %d ", i), 5000)
			go func() {
				c.Write(want)
				c.CloseWrite()
			}()
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
				t.Errorf("connection %d: %d bytes of %d, %v", i, len(got), len(want), err)
			}
		})
	}
	all.Wait()
}

// Garbage gets an answer of HTTP's, or none, and the proxy goes on.
func TestProxyGarbage(t *testing.T) {
	l := listen(t)
	go Serve(l, Echo)
	at := proxy(t, l.Addr().String())
	for _, garbage := range []string{"\x04\x01\x00\x50\x0a\x00\x00\x01\x00", "\x00", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT nowhere HTTP/1.1\r\n\r\n"} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(c, garbage)
		c.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(c); err != nil || len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 400 ") && !strings.HasPrefix(string(got), "HTTP/1.1 502 ") {
			t.Errorf("%q: %q, %v", garbage, got, err)
		}
		c.Close()
	}
	c := connectBySOCKS(t, at)
	defer c.Close()
	io.WriteString(c, "still there")
	c.CloseWrite()
	if got, err := io.ReadAll(c); err != nil || string(got) != "still there" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}
