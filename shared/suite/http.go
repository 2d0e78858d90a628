package suite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framebyframe/shared/apps"
)

// certificate makes a certificate for the name "stack", signed by itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"stack"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// crypto/tls works on our connections as on those of package net: 1 MB in each direction
// at once, and its own farewell before the FIN. A byte out of place would end it.
//
// Can: be used by any Go program that takes a net.Conn or a net.Listener, such as crypto/tls
func testTLS(t *testing.T, k *kind) {
	const size = 1 << 20
	onPair(t, k, func(p *Pair) {
		cert, pool := certificate(t)
		ours, peer := p.Connect(443)
		server := tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{cert}})
		client := tls.Client(peer, &tls.Config{RootCAs: pool, ServerName: "stack"})
		// A handshake has a lock that Read and Write would wait for, and in a bubble time
		// stands still as long as anybody waits for a lock.
		shaken := make(chan error, 1)
		go func() { shaken <- server.Handshake() }()
		if err := errors.Join(client.Handshake(), <-shaken); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 4)
		for i, c := range []*tls.Conn{server, client} {
			go func() { errs <- SendStream(c, byte(i), size) }()
			go func() { errs <- ReceiveStream(c, byte(1-i), size, func() {}) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if err := errors.Join(server.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
}

// web starts our web server and returns a client on the peer's stack.
func (p *Pair) web() *http.Client {
	p.Helper()
	go apps.ServeHTTP(p.listen(80).Net, noStatus)
	return clientOf(p.Peer)
}

func noStatus(net.Conn) string { return "" }

func clientOf(s Host) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.(dialer).DialContext}}
}

// fetch does a request and returns the body, and whether the connection had been used
// before.
func (p *Pair) fetch(client *http.Client, method, path string, body io.Reader) (text string, status int, again bool) {
	p.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { again = info.Reused }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(p.Context(), trace), method, "http://10.0.0.4"+path, body)
	if err != nil {
		p.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		p.Errorf("%s %s: %v", method, path, err)
	}
	return string(b), response.StatusCode, again
}

// Two requests of one client go over one connection (RFC 9112 9.3).
func testHTTPKeepAlive(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		accepted := new(countingListener)
		accepted.Listener = p.listen(80).Net
		go apps.ServeHTTP(accepted, noStatus)
		client := clientOf(p.Peer)
		defer client.CloseIdleConnections()
		first, status, again := p.fetch(client, "GET", "/bytes/100000", nil)
		if status != 200 || again || first != string(bytes.Repeat(apps.ChargenLines, 2)[:100000]) {
			t.Errorf("first: status %d, %d bytes, on an old connection: %v", status, len(first), again)
		}
		second, status, again := p.fetch(client, "GET", "/bytes/7", nil)
		if status != 200 || !again || second != " !\"#$%&" {
			t.Errorf("second: status %d, %q, on the same connection: %v", status, second, again)
		}
		if n := accepted.n.Load(); n != 1 {
			t.Errorf("%d connections were accepted, want 1", n)
		}
	})
}

// countingListener counts the connections that it hands out.
type countingListener struct {
	net.Listener
	n atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

// What a client sends arrives as it was: the server says how much it was and its hash.
func testHTTPPost(t *testing.T, k *kind) {
	const size = 3 << 20
	onPair(t, k, func(p *Pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		hash := sha256.New()
		io.CopyN(hash, Stream(3), size)
		want := fmt.Sprintf("%d bytes, SHA-256 %x\n", size, hash.Sum(nil))
		for _, method := range []string{"POST", "PUT"} {
			if got, status, _ := p.fetch(client, method, "/upload", io.LimitReader(Stream(3), size)); status != 200 || got != want {
				t.Errorf("%s: status %d, %q, want %q", method, status, got, want)
			}
		}
		for path, want := range map[string]int{"/bytes/x": 400, "/bytes/-1": 400, "/bytes/0": 200} {
			if _, status, _ := p.fetch(client, "GET", path, nil); status != want {
				t.Errorf("GET %s: status %d, want %d", path, status, want)
			}
		}
	})
}

// A page that is not there is "not found" (RFC 9110 15.5.5), and not a method that is not
// allowed: there is no method with which it would be.
func testHTTPNotFound(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		if _, status, _ := p.fetch(client, "GET", "/index.html", nil); status != 404 {
			t.Errorf("status %d, want 404", status)
		}
	})
}

// Requests may be sent without waiting for the answers, which come in their order (RFC
// 9112 9.3.2).
func testHTTPPipelining(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		p.web()
		c, err := dialTCP(p.Context(), p.Peer, "10.0.0.4:80")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		requests := ""
		for _, n := range []int{5, 70_000, 3} {
			requests += fmt.Sprintf("GET /bytes/%d HTTP/1.1\r\nHost: 10.0.0.4\r\n\r\n", n)
		}
		if _, err := io.WriteString(c, requests); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		for _, want := range []int64{5, 70_000, 3} {
			response, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, response.Body); n != want || err != nil || response.StatusCode != 200 {
				t.Errorf("status %d, %d bytes, %v, want %d", response.StatusCode, n, err, want)
			}
		}
	})
}

// Programs on top of us may be as bad as they like: handlers that panic, that never read the body, that write more than
// they said or nothing at all, that take the connection over and forget it. Others are served meanwhile, and when the
// server's and the peer's users have gone, nothing is left.
func testBadHandlers(t *testing.T, k *kind) {
	each := QuarterUnderRace(40)
	bad := map[string]http.HandlerFunc{
		"/panic": func(http.ResponseWriter, *http.Request) { panic("a handler that panics") },
		"/panic-later": func(w http.ResponseWriter, _ *http.Request) {
			w.Write(apps.ChargenLines)
			panic("in the middle of a page")
		},
		"/goexit":    func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
		"/unread":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "thanks") },
		"/half-read": func(w http.ResponseWriter, r *http.Request) { r.Body.Read(make([]byte, 1000)) },
		"/too-little": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "much less")
		},
		"/hijacked": func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		},
	}
	pages := http.NewServeMux()
	for path, handler := range bad {
		pages.HandleFunc(path, handler)
	}
	pages.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { w.Write(apps.ChargenLines) })
	requests, good := 0, 0
	onPair(t, k, func(p *Pair) {
		l := p.listen(80)
		server := &http.Server{Handler: pages, ErrorLog: log.New(io.Discard, "", 0), IdleTimeout: time.Minute}
		go server.Serve(l.Net)
		client := clientOf(p.Peer)
		for range each {
			for path := range bad {
				requests++
				response, err := client.Post("http://10.0.0.4"+path, "text/plain", io.LimitReader(Stream(1), 300_000))
				if err == nil {
					io.Copy(io.Discard, response.Body)
					response.Body.Close()
				}
			}
			response, err := client.Get("http://10.0.0.4/good")
			if err != nil {
				t.Fatalf("beside the bad ones: %v", err)
			}
			if text, err := io.ReadAll(response.Body); err != nil || string(text) != string(apps.ChargenLines) {
				t.Errorf("beside the bad ones: %d bytes, %v", len(text), err)
			}
			response.Body.Close()
			good++
		}
		client.CloseIdleConnections()
		server.Close()
		time.Sleep(orphanTimeout + 2*timeWaitLen)
		p.wantNothingLeft("when all have gone")
	})
	Row{
		Area: "application", What: "HTTP handlers that misbehave", Source: "RFC 9110 15.6",
		Tried: fmt.Sprintf("%d requests with bodies of 300 kB to handlers that panic, end their goroutine, read nothing or half, write less than they said, or take the connection over",
			requests),
		Outcome: fmt.Sprintf("all %d good pages between them are served; no connection, timer or goroutine is left", good),
	}.Report(t)
}

// Peers that leave a service in the middle, in every way that there is, leave nothing behind.
func testServicesSurvivePeers(t *testing.T, k *kind) {
	peers := QuarterUnderRace(40)
	asked := 0
	onPair(t, k, func(p *Pair) {
		for port, service := range apps.Services {
			go apps.Serve(p.listen(port).Net, service)
		}
		baseline := goroutines()
		for i := range peers {
			for port := range apps.Services {
				asked++
				c, err := dialTCP(context.Background(), p.Peer, fmt.Sprintf("10.0.0.4:%d", port))
				if err != nil {
					t.Fatal(err)
				}
				switch i % 5 {
				case 0: // says nothing, and goes
				case 1:
					c.Write(apps.ChargenLines[:5000])
				case 2:
					c.Write(apps.ChargenLines[:5000])
					c.CloseWrite()
					io.CopyN(io.Discard, c, 10)
				case 3:
					c.SetLinger(0)
					c.Write(apps.ChargenLines[:5000])
				case 4:
					c.CloseRead()
					c.Write(apps.ChargenLines[:5000])
				}
				time.Sleep(time.Millisecond)
				if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
					t.Error(err)
				}
			}
		}
		time.Sleep(apps.DaytimePatience + orphanTimeout + 2*timeWaitLen)
		p.wantNothingLeft("when all have gone")
		if n := goroutines(); n > baseline {
			t.Errorf("%d goroutines, %d before", n, baseline)
		}
	})
	Row{
		Area: "application", What: "peers that leave a service", Source: "RFC 862, 863, 864, 867",
		Tried:   fmt.Sprintf("%d connections to apps.Echo, apps.Discard, daytime and apps.Chargen, whose peers say nothing, do not read, stop reading, close half, or reset", asked),
		Outcome: "all services end; no connection, timer or goroutine is left",
	}.Report(t)
}

// Slowloris (Hansen, 2009): clients that send the header of a request a byte at a time, for
// ever. The server gives each of them ten seconds; meanwhile it serves all others.
func testAttackSlowloris(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		clients := Many(200, 900)
		before := Heap()
		lasted := make(chan time.Duration)
		for range clients {
			c, err := dialTCP(context.Background(), p.Peer, "10.0.0.4:80")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				began := time.Now()
				defer func() { lasted <- time.Since(began) }()
				defer c.Close()
				_, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: 10.0.0.4\r\nX: "))
				for err == nil && time.Since(began) < time.Hour {
					_, err = c.Write([]byte("x"))
					time.Sleep(time.Second)
				}
			}()
		}
		time.Sleep(5 * time.Second)
		each := (Heap() - before) / int64(clients)
		began := time.Now()
		if text, status, _ := p.fetch(client, "GET", "/bytes/1000", nil); status != 200 || len(text) != 1000 {
			t.Errorf("an honest client gets status %d and %d bytes", status, len(text))
		}
		took, longest := time.Since(began), time.Duration(0)
		for range clients {
			longest = max(longest, <-lasted)
		}
		if longest > 15*time.Second {
			t.Errorf("one lasts for %v", longest)
		}
		if took > time.Second {
			t.Errorf("an honest client waits for %v", took)
		}
		if each > 64<<10 {
			t.Errorf("%d bytes for each of them, at both ends", each)
		}
		Row{Area: "attack", What: "slowloris: headers of a byte in a second", Source: "Hansen 2009; RFC 9112 9.5", Tried: fmt.Sprintf("%d clients", clients),
			Outcome: fmt.Sprintf("all are gone after %v; less than %d KB for each, at both ends together; an honest client is served at once", longest.Round(time.Second), each>>10+1)}.Report(t)
	})
}

// A whole transfer goes through the loop, in both directions at once, and to its end; the
// peer on the cable sees nothing of it.
func testTransferToSelf(t *testing.T, k *kind) {
	const size = 3 << 20
	onPair(t, k, func(p *Pair) {
		l := p.listen(80)
		sums := make(chan string, 4)
		transfer := func(c io.ReadWriter, closeWrite func() error, seed byte) {
			sent := make(chan string)
			go func() {
				hash := sha256.New()
				_, err := io.Copy(io.MultiWriter(c, hash), io.LimitReader(Stream(seed), size))
				sent <- fmt.Sprintf("%x %v %v", hash.Sum(nil), err, closeWrite())
			}()
			hash := sha256.New()
			_, err := io.Copy(hash, c)
			sums <- fmt.Sprintf("%x %v %v", hash.Sum(nil), err, nil)
			sums <- <-sent
		}
		go func() {
			c, err := l.Net.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			transfer(c, c.(TCP).CloseWrite, 1)
			c.Close()
		}()
		began := time.Now()
		c, err := dialTCP(p.Context(), p.Ours, "10.0.0.4:80")
		if err != nil {
			t.Fatal(err)
		}
		transfer(c, c.CloseWrite, 2)
		c.Close()
		times := map[string]int{}
		for range cap(sums) {
			times[<-sums]++
		}
		if len(times) != 2 {
			t.Errorf("sent and received: %v, want two streams, each twice", times)
		}
		if took := time.Since(began); p.frames() > 0 || took >= 200*time.Millisecond {
			t.Errorf("%d frames were sent; it took %v, as if something had been lost", p.frames(), took)
		}
	})
}

// A program reaches its own web server by its address, or without one: then, for net.Dialer
// and so for us, "the local system is assumed" (package net).
func testHTTPToSelf(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		go apps.ServeHTTP(p.listen(80).Net, noStatus)
		for _, host := range []string{"10.0.0.4", "[::ffff:10.0.0.4]", "0.0.0.0", "[::]", ":80"} {
			client := clientOf(p.Ours)
			response, err := client.Get("http://" + host + "/bytes/100000")
			if err != nil {
				t.Error(err)
				continue
			}
			if n, err := io.Copy(io.Discard, response.Body); n != 100_000 || err != nil {
				t.Errorf("%s: %d bytes, %v", host, n, err)
			}
			response.Body.Close()
			client.CloseIdleConnections()
		}
	})
}
