package stack_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/netip"

	"framebyframe/part3-tcp-handshake/stack"
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

// One host listens, the other connects: a connection with two ends.
func ExampleStack_Listen() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	l, err := five.Listen(80)
	if err != nil {
		log.Fatal(err)
	}
	ours, err := four.DialTCP(context.Background(), netip.MustParseAddrPort("10.0.0.5:80"))
	if err != nil {
		log.Fatal(err)
	}
	theirs, err := l.AcceptTCP()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ours.Info().State, theirs.Info().State)
	fmt.Println(ours.Info().Snd.NXT == theirs.Info().Rcv.NXT)
	// Output:
	// ESTABLISHED ESTABLISHED
	// true
}
