package stack

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/apps"
)

// statusPage is what the web server shows to somebody on the peer's stack.
func (p *pair) statusPage() string {
	p.Helper()
	if err := serveWeb(p.ours, 80); err != nil {
		p.Fatal(err)
	}
	transport := &http.Transport{DialContext: p.peer.DialContext}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("http://10.0.0.4/")
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		p.Error(err)
	}
	return string(page)
}

// The page shows the connection that brought it: its TCB, and its line in the table,
// beside those of others and the ports with listeners.
func TestHTTPStatusPage(t *testing.T) {
	onPair(t, func(p *pair) {
		_, other := p.connect(4000)
		page := p.statusPage()
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
		p.ours.mu.Lock()
		for port := range uint16(maxStatusRows) {
			p.ours.addConn(p.ours.newConn(connKey{remote: peerIP.As4(), remotePort: 2000 + port, localPort: 81}))
			p.ours.addConn(p.ours.newConn(connKey{remote: otherIP.As4(), remotePort: 2000 + port, localPort: 81}))
		}
		p.ours.addNeighbour(otherIP, otherMAC)
		p.ours.mu.Unlock()
		page := p.statusPage()
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

// serveWeb runs our web server.
func serveWeb(s *Stack, port uint16) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go apps.ServeHTTP(l, func(c net.Conn) string { return s.StatusPage(c.(*Conn)) })
	return nil
}
