// Package apps has programs that talk over connections: small servers, a web server, a web
// client, nc. They know of a connection only what package net says of it, so that they run on
// the kernel's connections as well as on our own.
package apps

import (
	"fmt"
	"io"
	"net"
	"time"
)

// Services are the small servers that RFC 1122's hosts used to have, by their ports.
var Services = map[uint16]func(net.Conn){
	7:  Echo,
	9:  Discard,
	13: Daytime,
	19: Chargen,
}

// Serve runs a service for each connection that l accepts, until l is closed.
func Serve(l net.Listener, service func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			service(c)
		}()
	}
}

// echoBuffer is small, as each connection has one, and there may be many.
const echoBuffer = 16 << 10

// Echo sends everything back, until the peer closes (RFC 862).
func Echo(c net.Conn) { _, _ = io.CopyBuffer(c, c, make([]byte, echoBuffer)) }

// Discard throws everything away (RFC 863).
func Discard(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// Daytime says what time it is (RFC 867). It closes, and throws away what comes until
// the peer has closed, too: what nobody reads would be answered by a reset, and the
// peer might lose what it has not read yet.
func Daytime(c net.Conn) {
	_, _ = fmt.Fprintf(c, "%s\r\n", time.Now().Format(time.RFC1123))
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(DaytimePatience))
	Discard(c)
}

// DaytimePatience is how long the peer may take to close.
const DaytimePatience = 10 * time.Second

// Chargen sends the printable characters, a line of 72 at a time that begins one
// character later than the one before, until the peer closes (RFC 864).
func Chargen(c net.Conn) {
	go func() {
		Discard(c) // "any data received is thrown away"
		c.Close()
	}()
	for {
		if _, err := c.Write(ChargenLines); err != nil {
			return
		}
	}
}

// ChargenLines are all 95 lines of Chargen, after which it begins again, several times.
var ChargenLines = makeChargenLines(8)

func makeChargenLines(times int) []byte {
	var lines []byte
	for first := range 95 * times {
		for i := range 72 {
			lines = append(lines, ' '+byte((first+i)%95))
		}
		lines = append(lines, '\r', '\n')
	}
	return lines
}
