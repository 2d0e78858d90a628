package stack

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// Slowloris (Hansen, 2009): clients that send the header of a request a byte at a time, for
// ever. The server gives each of them ten seconds; meanwhile it serves all others.
func TestAttackSlowloris(t *testing.T) {
	onPair(t, func(p *pair) {
		client := p.web()
		defer client.CloseIdleConnections()
		clients := many(200, 900)
		before := heap()
		lasted := make(chan time.Duration)
		for range clients {
			c, err := p.peer.DialTCP(context.Background(), netip.AddrPortFrom(ourIP, 80))
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
		each := (heap() - before) / int64(clients)
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
		suite.Row{Area: "attack", What: "slowloris: headers of a byte in a second", Source: "Hansen 2009; RFC 9112 9.5", Tried: fmt.Sprintf("%d clients", clients),
			Outcome: fmt.Sprintf("all are gone after %v; less than %d KB for each, at both ends together; an honest client is served at once", longest.Round(time.Second), each>>10+1)}.Report(t)
	})
}
