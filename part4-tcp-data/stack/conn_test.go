package stack

import (
	"fmt"
	"net"
	"testing"

	"framebyframe/shared/suite"

	"golang.org/x/net/nettest"
)

// A Conn is a net.Conn as package net and everybody who uses it expects one to be:
// golang.org/x/net/nettest tries basic reading and writing, ping-pong, races between
// all the methods, deadlines in the past, the present and the future, and closing.
// It measures real time, so this is no test for a bubble.
func TestConnIsNetConn(t *testing.T) {
	runs := 0
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		p := newPair(t)
		l, err := p.ours.Listen(80)
		if err != nil {
			return nil, nil, nil, err
		}
		if c1, err = p.peer.DialContext(t.Context(), "tcp", l.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = l.Accept(); err != nil {
			return nil, nil, nil, err
		}
		runs++
		return c1, c2, p.close, nil
	})
	suite.Row{
		Area: "application", What: "a net.Conn as others expect one", Source: "golang.org/x/net/nettest",
		Tried:   fmt.Sprintf("nettest.TestConn: %d pairs of connections in real time", runs),
		Outcome: "data, ping-pong, races of all methods, past, present and future deadlines, and closing are as with package net",
	}.Report(t)
}
