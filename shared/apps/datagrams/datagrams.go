// Package datagrams has the small servers of package apps for UDP. They know of a socket only what
// package net's has, too, so that they run on the kernel's sockets as well as on our own.
package datagrams

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// A Socket is what a service needs. *net.UDPConn is one.
type Socket interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (n int, err error)
}

// Services are the small servers, by their ports: what each answers to a datagram, and nil if it
// does not.
var Services = map[uint16]func(data []byte) []byte{
	7:  echo,
	9:  discard,
	13: daytime,
	19: chargen,
}

// echo sends the data back (RFC 862).
func echo(data []byte) []byte { return data }

// discard throws them away (RFC 863).
func discard([]byte) []byte { return nil }

// daytime says what time it is (RFC 867).
func daytime([]byte) []byte { return fmt.Appendf(nil, "%s\r\n", time.Now().Format(time.RFC1123)) }

// chargen sends a line of printable characters (RFC 864).
func chargen([]byte) []byte {
	var line []byte
	for i := range byte(72) {
		line = append(line, ' '+i)
	}
	return append(line, '\r', '\n')
}

// firstClientPort is the lowest port that a client has. Those below are servers'.
const firstClientPort = 1024

// Serve has a service answer what c receives, until c is closed.
//
// What comes from a server's port is not answered. It is no question but an answer: somebody has
// sent one of the services here a datagram in the name of such a service elsewhere, or of this
// one, and each would answer the other for ever (CERT CA-1996-01).
func Serve(c Socket, service func(data []byte) []byte) error {
	b := make([]byte, 1<<16) // the longest datagram fits
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil, from.Port() < firstClientPort:
			continue
		}
		if answer := service(b[:n]); answer != nil {
			_, _ = c.WriteToUDPAddrPort(answer, from) // what is lost is asked for again
		}
	}
}
