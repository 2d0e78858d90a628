package main

import (
	"fmt"
	"io"
	"net"
	"time"
)

// services are the small servers that RFC 1122's hosts used to have, by their ports.
// They know nothing of this stack but that a connection is a net.Conn.
var services = map[uint16]func(net.Conn){
	7:  echo,
	9:  discard,
	13: daytime,
	19: chargen,
}

// serve runs a service for each connection to a port.
func serve(s *Stack, port uint16, service func(net.Conn)) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // the stack is closed
			}
			go func() {
				defer c.Close()
				service(c)
			}()
		}
	}()
	return nil
}

// echoBuffer is small, as each connection has one, and there may be many.
const echoBuffer = 16 << 10

// echo sends everything back, until the peer closes (RFC 862).
func echo(c net.Conn) { _, _ = io.CopyBuffer(c, c, make([]byte, echoBuffer)) }

// discard throws everything away (RFC 863).
func discard(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// daytime says what time it is (RFC 867). It closes, and throws away what comes until
// the peer has closed, too: what nobody reads would be answered by a reset, and the
// peer might lose what it has not read yet.
func daytime(c net.Conn) {
	_, _ = fmt.Fprintf(c, "%s\r\n", time.Now().Format(time.RFC1123))
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(daytimePatience))
	discard(c)
}

// daytimePatience is how long the peer may take to close.
const daytimePatience = 10 * time.Second

// chargen sends the printable characters, a line of 72 at a time that begins one
// character later than the one before, until the peer closes (RFC 864).
func chargen(c net.Conn) {
	go func() {
		discard(c) // "any data received is thrown away"
		c.Close()
	}()
	for {
		if _, err := c.Write(chargenLines); err != nil {
			return
		}
	}
}

// chargenLines are all 95 lines of chargen, after which it begins again, several times.
var chargenLines = makeChargenLines(8)

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
