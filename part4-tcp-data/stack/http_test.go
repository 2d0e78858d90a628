package stack

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// web starts our web server and returns a client on the peer's stack.
func (p *pair) web() *http.Client {
	p.Helper()
	if err := serveWeb(p.ours, 80); err != nil {
		p.Fatal(err)
	}
	transport := &http.Transport{DialContext: p.peer.DialContext}
	return &http.Client{Transport: transport}
}

// fetch does a request and returns the body, and whether the connection had been used
// before.
func (p *pair) fetch(client *http.Client, method, path string, body io.Reader) (text string, status int, again bool) {
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
func TestHTTPKeepAlive(t *testing.T) {
	onPair(t, func(p *pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		first, status, again := p.fetch(client, "GET", "/bytes/100000", nil)
		if status != 200 || again || first != string(bytes.Repeat(apps.ChargenLines, 2)[:100000]) {
			t.Errorf("first: status %d, %d bytes, on an old connection: %v", status, len(first), again)
		}
		second, status, again := p.fetch(client, "GET", "/bytes/7", nil)
		if status != 200 || !again || second != " !\"#$%&" {
			t.Errorf("second: status %d, %q, on the same connection: %v", status, second, again)
		}
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if n := p.ours.tcp.open.Len(); n != 1 {
			t.Errorf("%d connections are open, want 1", n)
		}
	})
}

// What a client sends arrives as it was: the server says how much it was and its hash.
func TestHTTPPost(t *testing.T) {
	const size = 3 << 20
	onPair(t, func(p *pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		hash := sha256.New()
		io.CopyN(hash, suite.Stream(3), size)
		want := fmt.Sprintf("%d bytes, SHA-256 %x\n", size, hash.Sum(nil))
		for _, method := range []string{"POST", "PUT"} {
			if got, status, _ := p.fetch(client, method, "/upload", io.LimitReader(suite.Stream(3), size)); status != 200 || got != want {
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
func TestHTTPNotFound(t *testing.T) {
	onPair(t, func(p *pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		if _, status, _ := p.fetch(client, "GET", "/index.html", nil); status != 404 {
			t.Errorf("status %d, want 404", status)
		}
	})
}

// Requests may be sent without waiting for the answers, which come in their order (RFC
// 9112 9.3.2).
func TestHTTPPipelining(t *testing.T) {
	onPair(t, func(p *pair) {
		p.web()
		c, err := p.peer.DialContext(p.Context(), "tcp", "10.0.0.4:80")
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

// The page shows the connection that brought it: its TCB, and its line in the table,
// beside those of others and the ports with listeners.
func TestHTTPStatusPage(t *testing.T) {
	onPair(t, func(p *pair) {
		_, other := p.connect(4000)
		client := p.web()
		defer client.CloseIdleConnections()
		page, _, _ := p.fetch(client, "GET", "/", nil)
		block := regexp.MustCompile(`10\.0\.0\.4:80 - (10\.0\.0\.1:\d+)\n +state +ESTABLISHED`).FindStringSubmatch(page)
		if block == nil {
			t.Fatalf("no TCB in the page:\n%s", page)
		}
		for _, line := range []string{
			`10.0.0.4:80 +\* +LISTEN`,
			`10.0.0.4:80 +` + block[1] + ` +ESTABLISHED +0 +0\n`,
			`10.0.0.4:4000 +` + other.LocalAddr().String() + ` +ESTABLISHED +0 +0\n`,
			`10.0.0.1 +is at 02:00:0a:00:00:01 +REACHABLE`,
			`frames received`,
		} {
			if !regexp.MustCompile(line).MatchString(page) {
				t.Errorf("no line %q in the page:\n%s", line, page)
			}
		}
		if n := strings.Count(page, "SND.UNA  "); n != 1 {
			t.Errorf("%d TCBs in the page, want 1", n)
		}
	})
}

// A stranger learns of his own connections only, and of all others how many there are.
func TestHTTPStatusOfOthers(t *testing.T) {
	onPair(t, func(p *pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		p.ours.mu.Lock()
		for port := range uint16(maxStatusRows) {
			p.ours.addConn(p.ours.newConn(connKey{remote: peerIP.As4(), remotePort: 2000 + port, localPort: 81}))
			p.ours.addConn(p.ours.newConn(connKey{remote: otherIP.As4(), remotePort: 2000 + port, localPort: 81}))
		}
		p.ours.addNeighbour(otherIP, otherMAC)
		p.ours.mu.Unlock()
		page, _, _ := p.fetch(client, "GET", "/", nil)
		if strings.Contains(page, otherIP.String()) {
			t.Errorf("the page tells 10.0.0.1 about another host:\n%s", page)
		}
		for want, times := range map[string]int{"\n  10.0.0.4:8[01] +10.0.0.1": maxStatusRows, "\n  and 101 more\n": 1, "\n  and 1 more\n": 1} {
			if n := len(regexp.MustCompile(want).FindAllString(page, -1)); n != times {
				t.Errorf("%q is %d times in the page, want %d:\n%s", want, n, times, page)
			}
		}
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		for key, c := range p.ours.tcp.conns { // what was made up for this test
			if c.state == stateClosed {
				delete(p.ours.tcp.conns, key)
			}
		}
	})
}

// Whoever waits for the lock while connections are counted gets it after a batch of them.
// With one processor, as in main, he is next as soon as it is let go, but for now and then:
// Go's scheduler takes turns among its queues.
func TestEachConnInSlices(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := New(nullDevice{}, quietConfig())
	const conns = 20 * maxBatch
	for port := range uint16(conns) {
		s.addConn(s.newConn(connKey{remote: peerIP.As4(), remotePort: port, localPort: 80}))
	}
	seen, longest, done := 0, 0, make(chan bool)
	go func() {
		defer close(done)
		for last := 0; last < conns; {
			s.mu.Lock()
			longest, last = max(longest, seen-last), seen
			s.mu.Unlock()
			runtime.Gosched()
		}
	}()
	s.eachConn(func(*Conn) { seen++ })
	<-done
	if seen != conns || longest > 4*maxBatch {
		t.Errorf("%d of %d connections seen, %d of them while another waited for the lock", seen, conns, longest)
	}
}
