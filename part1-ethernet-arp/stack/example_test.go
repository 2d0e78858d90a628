package stack_test

import (
	"context"
	"fmt"
	"net/netip"

	"framebyframe/part1-ethernet-arp/stack"
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
			MTU: 1500,
		})
		go s.Run() // until Close
		return s
	}
	return host(4), host(5)
}

// Who has an address? A question on the cable, and the other host answers.
func ExampleStack_Resolve() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	mac, err := four.Resolve(context.Background(), netip.MustParseAddr("10.0.0.5"))
	fmt.Println(mac, err)
	// Output: 02:00:00:00:00:05 <nil>
}

// What a host knows: here its neighbour, once that has answered.
func ExampleStack_Info() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	four.Resolve(context.Background(), netip.MustParseAddr("10.0.0.5"))
	for _, n := range four.Info().Neighbours {
		fmt.Println(n.IP, "is at", n.MAC, n.State)
	}
	// Output: 10.0.0.5 is at 02:00:00:00:00:05 REACHABLE
}

// What happens in a host, as it happens.
func ExampleStack_Observe() {
	four, five := twoHosts()
	defer four.Close()
	defer five.Close()
	four.Observe(func(e stack.Event) { fmt.Println(e) })
	four.Resolve(context.Background(), netip.MustParseAddr("10.0.0.5"))
	four.Observe(nil)
	// Output:
	// ARP: 10.0.0.5: NONE -> INCOMPLETE
	// ARP: 10.0.0.5: INCOMPLETE -> REACHABLE
	// ARP: 10.0.0.5 is at 02:00:00:00:00:05
}

// What each byte of a frame is: the question of the first example.
func ExampleFields() {
	frame := []byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x04\x08\x06" +
		"\x00\x01\x08\x00\x06\x04\x00\x01\x02\x00\x00\x00\x00\x04\x0a\x00\x00\x04\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x05")
	for _, f := range stack.Fields(frame) {
		fmt.Printf("% x: %s %s = %s\n", frame[f.Offset:f.Offset+f.Length], f.Layer, f.Name, f.Value)
	}
	// Output:
	// ff ff ff ff ff ff: Ethernet Destination MAC = ff:ff:ff:ff:ff:ff
	// 02 00 00 00 00 04: Ethernet Source MAC = 02:00:00:00:00:04
	// 08 06: Ethernet EtherType = 0x0806
	// 00 01: ARP hrd = 1
	// 08 00: ARP pro = 0x0800
	// 06: ARP hln = 6
	// 04: ARP pln = 4
	// 00 01: ARP op = 1
	// 02 00 00 00 00 04: ARP sha = 02:00:00:00:00:04
	// 0a 00 00 04: ARP spa = 10.0.0.4
	// 00 00 00 00 00 00: ARP tha = 00:00:00:00:00:00
	// 0a 00 00 05: ARP tpa = 10.0.0.5
}
