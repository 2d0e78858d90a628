package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// Programs on top of us may be as bad as they like: handlers that panic, that never read the body, that write more than
// they said or nothing at all, that take the connection over and forget it. Others are served meanwhile, and when the
// server's and the peer's users have gone, nothing is left.
func TestBadHandlers(t *testing.T) {
	each := fewer(40)
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
	onPair(t, func(p *pair) {
		l := p.listen(80)
		server := &http.Server{Handler: pages, ErrorLog: log.New(io.Discard, "", 0), IdleTimeout: time.Minute}
		go server.Serve(l)
		client := &http.Client{Transport: &http.Transport{DialContext: p.peer.DialContext}}
		for range each {
			for path := range bad {
				requests++
				response, err := client.Post("http://10.0.0.4"+path, "text/plain", io.LimitReader(suite.Stream(1), 300_000))
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
		synctest.Wait()
		for _, s := range []*Stack{p.ours, p.peer} {
			if left := s.leftOver(); left != "" {
				t.Errorf("%s of %v", left, s.ip)
			}
		}
	})
	suite.Row{
		Area: "application", What: "HTTP handlers that misbehave", Source: "RFC 9110 15.6",
		Tried: fmt.Sprintf("%d requests with bodies of 300 kB to handlers that panic, end their goroutine, read nothing or half, write less than they said, or take the connection over",
			requests),
		Outcome: fmt.Sprintf("all %d good pages between them are served; no connection, timer or goroutine is left", good),
	}.Report(t)
}

// Peers that leave a service in the middle, in every way that there is, leave nothing behind.
func TestServicesSurvivePeers(t *testing.T) {
	peers := fewer(40)
	asked := 0
	onPair(t, func(p *pair) {
		for port, service := range apps.Services {
			if err := serve(p.ours, port, service); err != nil {
				t.Fatal(err)
			}
		}
		baseline := ourGoroutines()
		for i := range peers {
			for port := range apps.Services {
				asked++
				conn, err := p.peer.DialContext(context.Background(), "tcp", fmt.Sprintf("10.0.0.4:%d", port))
				if err != nil {
					t.Fatal(err)
				}
				c := conn.(*Conn)
				switch i % 5 {
				case 0: // says nothing, and goes
				case 1:
					c.Write(echoText)
				case 2:
					c.Write(echoText)
					c.CloseWrite()
					io.CopyN(io.Discard, c, 10)
				case 3:
					c.SetLinger(0)
					c.Write(echoText)
				case 4:
					c.CloseRead()
					c.Write(echoText)
				}
				time.Sleep(time.Millisecond)
				if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
					t.Error(err)
				}
			}
		}
		time.Sleep(apps.DaytimePatience + orphanTimeout + 2*timeWaitLen)
		synctest.Wait()
		for _, s := range []*Stack{p.ours, p.peer} {
			if left := s.leftOver(); left != "" {
				t.Errorf("%s of %v", left, s.ip)
			}
		}
		if n := ourGoroutines(); n > baseline {
			t.Errorf("%d goroutines, %d before", n, baseline)
		}
	})
	suite.Row{
		Area: "application", What: "peers that leave a service", Source: "RFC 862, 863, 864, 867",
		Tried:   fmt.Sprintf("%d connections to apps.Echo, apps.Discard, daytime and apps.Chargen, whose peers say nothing, do not read, stop reading, close half, or reset", asked),
		Outcome: "all services end; no connection, timer or goroutine is left",
	}.Report(t)
}
