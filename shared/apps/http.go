package apps

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

// ServeHTTP runs the web server of package net/http on the connections that l accepts, until l is closed. On its front
// page is what status, if not nil, says about the connection that brought the request.
func ServeHTTP(l net.Listener, status func(c net.Conn) string) error {
	pages := http.NewServeMux()
	if status != nil {
		pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, status(r.Context().Value(connOfRequest{}).(net.Conn)))
		})
	}
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
	return server.Serve(l)
}

// connOfRequest is the key under which a request's context has its connection.
type connOfRequest struct{}

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
		part := ChargenLines[:min(n, int64(len(ChargenLines)))]
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
