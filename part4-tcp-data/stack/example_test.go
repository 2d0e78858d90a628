package stack_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/netip"

	"framebyframe/part4-tcp-data/stack"
	"framebyframe/shared/wire"
)

// twoHosts returns two running stacks, 10.0.0.4 and 10.0.0.5, on a cable in memory. A program of
// its own would rather plug one stack into a TAP device: see shared/tap.
func twoHosts() (four, five *stack.Stack) {
	cable := wire.New(2)
	host := func(number byte) *stack.Stack {
		s := stack.New(cable.End(int(number-4)), stack.Config{
			MAC: stack.MAC{0x02, 0, 0, 0, 0, number},
			IP:  netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, number}), 24),
			MTU: 1500, Rand: rand.Reader,
		})
		go s.Run() // until Close
		return s
	}
	return host(4), host(5)
}

// A connection is a net.Conn, and a listener a net.Listener: whatever runs on package net runs here.
func ExampleStack_DialContext() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	l, err := five.Listen(7)
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if c, err := l.Accept(); err == nil {
			io.Copy(c, c) // an echo
			c.Close()
		}
	}()
	c, err := four.DialContext(context.Background(), "tcp", "10.0.0.5:7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(c, "hello")
	c.(*stack.Conn).CloseWrite()
	answer, err := io.ReadAll(c)
	fmt.Printf("%s %v\n", answer, err)
	// Output: hello <nil>
}
