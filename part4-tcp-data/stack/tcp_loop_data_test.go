package stack

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"testing"

	"framebyframe/shared/suite"
)

// A whole transfer goes through the loop, in both directions at once, and to its end; the
// peer on the cable sees nothing of it.
func TestTransferToSelf(t *testing.T) {
	const size = 3 << 20
	onPair(t, func(p *pair) {
		l := p.listen(80)
		sums := make(chan string, 4)
		transfer := func(c io.ReadWriter, closeWrite func() error, seed byte) {
			sent := make(chan string)
			go func() {
				hash := sha256.New()
				_, err := io.Copy(io.MultiWriter(c, hash), io.LimitReader(suite.Stream(seed), size))
				sent <- fmt.Sprintf("%x %v %v", hash.Sum(nil), err, closeWrite())
			}()
			hash := sha256.New()
			_, err := io.Copy(hash, c)
			sums <- fmt.Sprintf("%x %v %v", hash.Sum(nil), err, nil)
			sums <- <-sent
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			transfer(c, c.(*Conn).CloseWrite, 1)
			c.Close()
		}()
		c, err := p.ours.DialContext(p.Context(), "tcp", "10.0.0.4:80")
		if err != nil {
			t.Fatal(err)
		}
		transfer(c, c.(*Conn).CloseWrite, 2)
		c.Close()
		times := map[string]int{}
		for range cap(sums) {
			times[<-sums]++
		}
		if len(times) != 2 {
			t.Errorf("sent and received: %v, want two streams, each twice", times)
		}
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if p.ours.sent > 0 || p.ours.dropped[errLoopFull] > 0 {
			t.Errorf("%d frames were sent, %d datagrams dropped", p.ours.sent, p.ours.dropped[errLoopFull])
		}
	})
}

// A program reaches its own web server by its address, or without one: then, for net.Dialer
// and so for us, "the local system is assumed" (package net).
func TestHTTPToSelf(t *testing.T) {
	onPair(t, func(p *pair) {
		if err := serveWeb(p.ours, 80); err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"10.0.0.4", "[::ffff:10.0.0.4]", "0.0.0.0", "[::]", ":80"} {
			transport := &http.Transport{DialContext: p.ours.DialContext}
			response, err := (&http.Client{Transport: transport}).Get("http://" + host + "/bytes/100000")
			if err != nil {
				t.Error(err)
				continue
			}
			if n, err := io.Copy(io.Discard, response.Body); n != 100_000 || err != nil {
				t.Errorf("%s: %d bytes, %v", host, n, err)
			}
			response.Body.Close()
			transport.CloseIdleConnections()
		}
	})
}
