package apps

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// What a proxy grants its clients.
const (
	maxProxied    = 1000             // connections at a time; who comes then waits in the kernel's backlog
	proxyPatience = 30 * time.Second // for a client to say what it wants, and for the peer to be reached
)

// ServeProxy is a proxy: programs that know nothing of dial have their connections opened by it. They ask by SOCKS 5
// (RFC 1928), by HTTP's CONNECT (RFC 9110 9.3.6), or for a page (RFC 9112 3.2.2), all on the one port of l; whose first
// byte is a 5 speaks SOCKS. It returns when l is closed.
func ServeProxy(l net.Listener, dial Dial) error {
	web := newHandover(l.Addr())
	defer web.Close()
	server := &http.Server{
		Handler:           &httpProxy{dial: dial, pages: pageProxy(dial)},
		ReadHeaderTimeout: proxyPatience,
		IdleTimeout:       proxyPatience,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	defer server.Close()
	go server.Serve(web)
	places := make(chan struct{}, maxProxied)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		places <- struct{}{}
		leave := sync.OnceFunc(func() { <-places })
		go func() {
			client := &proxied{Conn: c, leave: leave}
			if !client.speaksSOCKS() {
				web.hand(client) // and the server closes it
				return
			}
			defer client.Close()
			serveSOCKS(client, dial)
		}()
	}
}

// proxied is a client's connection. Closing it frees its place.
type proxied struct {
	net.Conn
	r     io.Reader // what was read too early, then the connection; nil: the connection
	leave func()
}

func (p *proxied) Read(b []byte) (int, error) {
	if p.r != nil {
		return p.r.Read(b)
	}
	return p.Conn.Read(b)
}

func (p *proxied) Close() error {
	p.leave()
	return p.Conn.Close()
}

// speaksSOCKS looks at the first byte, which stays to be read. Nobody's request by HTTP begins with it.
func (p *proxied) speaksSOCKS() bool {
	_ = p.SetReadDeadline(time.Now().Add(proxyPatience))
	defer func() { _ = p.SetReadDeadline(time.Time{}) }()
	first := bufio.NewReaderSize(p.Conn, 16)
	version, err := first.Peek(1)
	p.r = first
	return err == nil && version[0] == socksVersion
}

// handover is a listener whose connections somebody else has accepted.
type handover struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// hand gives a connection to whoever accepts.
func (h *handover) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		c.Close()
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handover) Addr() net.Addr { return h.addr }

// httpProxy answers what clients ask by HTTP.
type httpProxy struct {
	dial  Dial
	pages *httputil.ReverseProxy
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.IsAbs() && r.URL.Scheme == "http":
		p.pages.ServeHTTP(w, r)
	default:
		http.Error(w, "this is a proxy: it takes CONNECT, and requests with a whole http URL", http.StatusBadRequest)
	}
}

// connect opens a tunnel: after "Any 2xx (Successful) response" the connection is the peer's (RFC 9110 9.3.6).
func (p *httpProxy) connect(w http.ResponseWriter, r *http.Request) {
	peer, err := reach(r.Context(), p.dial, r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer peer.Close()
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer c.Close()
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	if _, err := peer.Write(early); err != nil {
		return
	}
	tunnel(c, peer)
}

// pageProxy fetches pages for clients that would rather ask for a page than for a tunnel.
func pageProxy(dial Dial) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:       func(*httputil.ProxyRequest) {}, // the URL is the client's, whole
		Transport:     &http.Transport{DialContext: dial, DisableCompression: true, ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: proxyPatience},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}

// reach opens a connection for a client, who has only so much patience.
func reach(ctx context.Context, dial Dial, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, proxyPatience)
	defer cancel()
	return dial(ctx, "tcp", address)
}

// tunnel passes on what either end says, until both have said all, or one of them is gone.
func tunnel(client, peer net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pass(peer, client)
	}()
	pass(client, peer)
	<-done
}

// pass copies one direction. The end of what from says is passed on as an end, and whatever else ends it as a reset,
// both ways: a client that takes a broken stream for a whole one would have been lied to.
func pass(to, from net.Conn) {
	_, err := io.CopyBuffer(onlyWriter{to}, onlyReader{from}, make([]byte, 32<<10))
	if err == nil {
		err = closeWrite(to)
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		reset(to)
		reset(from)
	}
}

// onlyWriter and onlyReader have io.CopyBuffer use its buffer: the kernel's splice cannot see our stack.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// closeWrite tells the peer of c that nothing more comes.
func closeWrite(c net.Conn) error {
	if half, ok := plain(c).(halfCloser); ok {
		return half.CloseWrite()
	}
	return nil
}

// reset ends a connection at once. Its reader and its writer return.
func reset(c net.Conn) {
	if half, ok := plain(c).(halfCloser); ok {
		_ = half.SetLinger(0)
	}
	_ = c.Close()
}

// plain is the connection that a client's is about.
func plain(c net.Conn) net.Conn {
	if p, ok := c.(*proxied); ok {
		return p.Conn
	}
	return c
}
