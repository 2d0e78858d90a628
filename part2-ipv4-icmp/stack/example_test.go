package stack_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"

	"framebyframe/part2-ipv4-icmp/stack"
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

// An echo request and the reply.
func ExampleStack_Ping() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	reply, err := four.Ping(context.Background(), netip.MustParseAddr("10.0.0.5"), 1, []byte("hello"))
	fmt.Println(reply.Bytes, "bytes came back, TTL", reply.TTL, err)
	// Output: 13 bytes came back, TTL 64 <nil>
}
