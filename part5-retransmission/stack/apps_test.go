package stack

import (
	"net"

	"framebyframe/shared/apps"
)

// serve runs a service for each connection to a port, until the stack is closed.
func serve(s *Stack, port uint16, service func(net.Conn)) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go apps.Serve(l, service)
	return nil
}

// serveWeb runs our web server.
func serveWeb(s *Stack, port uint16) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go apps.ServeHTTP(l, func(c net.Conn) string { return s.StatusPage(c.(*Conn)) })
	return nil
}
