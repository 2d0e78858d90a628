// Package seqs measures github.com/soypat/seqs, a TCP/IP stack in Go for microcontrollers, in
// memory: no device, no goroutine. Frames are copied from one stack to the other.
package seqs

import (
	"net/netip"
	"testing"

	"github.com/soypat/seqs"
	"github.com/soypat/seqs/eth"
	"github.com/soypat/seqs/stacks"
)

var (
	clientIP = netip.MustParseAddr("10.0.0.1")
	serverIP = netip.MustParseAddr("10.0.0.4")
)

func newStack(addr netip.Addr) *stacks.PortStack {
	ip := addr.As4()
	s := stacks.NewPortStack(stacks.PortStackConfig{
		MAC:             [6]byte{0x02, 0, ip[0], ip[1], ip[2], ip[3]},
		MaxOpenPortsTCP: 1,
		MaxOpenPortsUDP: 1,
		MTU:             1500,
	})
	s.SetAddr(addr)
	return s
}

// pass takes a frame from one stack to another. It returns the frame's length, 0 if there is
// none.
func pass(tb testing.TB, from, to *stacks.PortStack, frame []byte) int {
	n, err := from.HandleEth(frame)
	if err != nil {
		tb.Fatal("sending:", err)
	}
	if n == 0 {
		return 0
	}
	if err := to.RecvEth(frame[:n]); err != nil {
		tb.Fatal("receiving:", err)
	}
	return n
}

// BenchmarkARPExchange is a request that comes in and the reply that goes out, as the parts'
// benchmark of this name. The parts also note who asked in their table; seqs has none, and
// remembers one question of its own.
func BenchmarkARPExchange(b *testing.B) {
	client, server := newStack(clientIP), newStack(serverIP)
	request, reply := make([]byte, 1514), make([]byte, 1514)
	if err := client.ARP().BeginResolve(serverIP); err != nil {
		b.Fatal(err)
	}
	n, err := client.HandleEth(request)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := server.RecvEth(request[:n]); err != nil {
			b.Fatal(err)
		}
		if got, err := server.HandleEth(reply); got != eth.SizeEthernetHeader+eth.SizeARPv4Header || err != nil {
			b.Fatal(got, err)
		}
	}
	if err := client.RecvEth(reply[:eth.SizeEthernetHeader+eth.SizeARPv4Header]); err != nil {
		b.Fatal(err)
	}
	if _, mac, err := client.ARP().ResultAs6(); mac != server.HardwareAddr6() || err != nil {
		b.Fatalf("the server is at %x, %v", mac, err)
	}
}

// BenchmarkHandshake opens a connection from one stack to another and drops it at both: three
// segments, the work of both ends. TCP's checksum is made and checked, IPv4's is made. The two
// connections and their buffers are used over and over, as is seqs' way; a port is one
// connection, found among as many as the stack was made for: one here. There are no options,
// no timers, no table of neighbours, and nothing that survives the connection.
func BenchmarkHandshake(b *testing.B) {
	const clientPort, serverPort, size = 1025, 80, 2048
	client, server := newStack(clientIP), newStack(serverIP)
	config := stacks.TCPConnConfig{TxBufSize: size, RxBufSize: size}
	active, err := stacks.NewTCPConn(client, config)
	if err != nil {
		b.Fatal(err)
	}
	passive, err := stacks.NewTCPConn(server, config)
	if err != nil {
		b.Fatal(err)
	}
	frame := make([]byte, 1514)
	b.ReportAllocs()
	for b.Loop() {
		if err := passive.OpenListenTCP(serverPort, 500); err != nil {
			b.Fatal(err)
		}
		if err := active.OpenDialTCP(clientPort, server.HardwareAddr6(), netip.AddrPortFrom(serverIP, serverPort), 300); err != nil {
			b.Fatal(err)
		}
		segments := 0
		for pass(b, client, server, frame) > 0 || pass(b, server, client, frame) > 0 {
			segments++
		}
		if segments != 3 || active.State() != seqs.StateEstablished || passive.State() != seqs.StateEstablished {
			b.Fatalf("%d segments, %v, %v", segments, active.State(), passive.State())
		}
		if err := client.CloseTCP(clientPort); err != nil {
			b.Fatal(err)
		}
		if err := server.CloseTCP(serverPort); err != nil {
			b.Fatal(err)
		}
	}
}
