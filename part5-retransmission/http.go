package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

// serveHTTP runs the web server of package net/http on our own connections.
func serveHTTP(s *Stack, port uint16) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { showStack(w, r, s) })
	pages.HandleFunc("GET /bytes/{n}", sendBytes)
	pages.HandleFunc("GET /", http.NotFound)
	pages.HandleFunc("POST /", countBytes)
	pages.HandleFunc("PUT /", countBytes)
	server := &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connOfRequest{}, c)
		},
	}
	go func() { _ = server.Serve(l) }() // until the stack is closed
	return nil
}

// connOfRequest is the key under which a request's context has its connection.
type connOfRequest struct{}

// showStack shows the connection that brought the request, what the stack's tables have
// of the peer, and how much else there is. Who that is would be nobody's business.
func showStack(w http.ResponseWriter, r *http.Request, s *Stack) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c, ok := r.Context().Value(connOfRequest{}).(*Conn)
	if !ok {
		http.NotFound(w, r)
		return
	}
	peer := c.remote().Addr()
	fmt.Fprintf(w, "This page came over a connection whose TCB is now\n\n%s\n", c.Status())
	fmt.Fprintf(w, "(It was written before any of its own bytes were sent.)\n\nTCP\n\n%s\nARP\n\n%s\nFrames\n\n%s", s.TCPStatus(peer), s.ARPStatus(peer), s.Summary())
}

// sendBytes sends as many bytes as the path says, of chargen's.
func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 0 {
		http.Error(w, "GET /bytes/N sends N bytes", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method == http.MethodHead {
		return // net/http would take the bytes for ever, and send none
	}
	for n > 0 {
		part := chargenLines[:min(n, int64(len(chargenLines)))]
		if _, err := w.Write(part); err != nil {
			return
		}
		n -= int64(len(part))
	}
}

// countBytes says what it got, so that one can tell whether it came through.
func countBytes(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%d bytes, SHA-256 %x\n", n, hash.Sum(nil))
}
