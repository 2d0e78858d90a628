//go:build linux

package interop

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Each end finds the other one's card, and neither learns a wrong one (RFC 826).
func TestARP(t *testing.T) {
	t.Run("netstack asks", func(t *testing.T) {
		h := newHost(t, setup{})
		h.server()
		found := make(chan stack.LinkResolutionResult, 1)
		err := h.stack.GetLinkAddress(nic, partIP, tcpip.Address{}, ipv4.ProtocolNumber, func(r stack.LinkResolutionResult) { found <- r })
		if _, waits := err.(*tcpip.ErrWouldBlock); err != nil && !waits {
			t.Fatal(err)
		}
		if r := <-found; r.Err != nil || r.LinkAddress != partMAC {
			t.Errorf("netstack finds %v (%v), want %v", r.LinkAddress, r.Err, partMAC)
		}
	})
	t.Run("part 5 asks", func(t *testing.T) {
		h := newHost(t, setup{})
		if got := strings.TrimSpace(h.part("-resolve", "10.0.0.1").finish(t)); got != hostMAC.String() {
			t.Errorf("part 5 finds %q, want %v", got, hostMAC)
		}
		known, err := h.stack.Neighbors(nic, ipv4.ProtocolNumber)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range known {
			if n.Addr == partIP && n.LinkAddr != partMAC && n.LinkAddr != "" {
				t.Errorf("netstack took %v for the part's card, which is %v", n.LinkAddr, partMAC)
			}
		}
	})
	robustRow{Area: "interoperation", What: "netstack: ARP", Source: "RFC 826",
		Tried: "each end asks for the other", Outcome: "both find the right card"}.report(t)
}

// Each end answers the other one's echo requests, those that come in fragments, too (RFC 1122 3.2.2.6).
func TestPing(t *testing.T) {
	sizes := []int{0, 1, 56, 548, 549, 1472, 1473, 4000, 8972, 20000}
	mtus := []int{576, 1500, 9000}
	t.Run("all", func(t *testing.T) {
		for _, mtu := range mtus {
			s := setup{mtu: mtu, flags: []string{"-mtu", fmt.Sprint(mtu)}}
			t.Run(fmt.Sprintf("netstack asks, MTU %d", mtu), func(t *testing.T) {
				h := newHost(t, s)
				h.server()
				h.ping(sizes)
			})
			t.Run(fmt.Sprintf("part 5 asks, MTU %d", mtu), func(t *testing.T) {
				t.Parallel() // a second between its two
				h := newHost(t, s)
				if got := h.part("-ping", "10.0.0.1", "-count", "2").finish(t); !strings.Contains(got, "2 packets transmitted, 2 received") {
					t.Errorf("ping says:\n%s", got)
				}
			})
		}
	})
	robustRow{Area: "interoperation", What: "netstack: ping", Source: "RFC 1122 3.2.2.6",
		Tried:   fmt.Sprintf("%d sizes from %d to %d bytes on MTUs of %d to %d, and part 5's own", len(sizes), sizes[0], sizes[len(sizes)-1], mtus[0], mtus[len(mtus)-1]),
		Outcome: "all answered, byte for byte"}.report(t)
}

// ping sends an echo request of each size and wants its data back.
func (h *host) ping(sizes []int) {
	h.Helper()
	var queue waiter.Queue
	ep, err := h.stack.NewEndpoint(icmp.ProtocolNumber4, ipv4.ProtocolNumber, &queue)
	h.must(err)
	defer ep.Close()
	h.must(ep.Connect(tcpip.FullAddress{NIC: nic, Addr: partIP}))
	readable, came := waiter.NewChannelEntry(waiter.ReadableEvents)
	queue.EventRegister(&readable)
	for i, size := range sizes {
		message := make([]byte, header.ICMPv4MinimumSize+size)
		echo := header.ICMPv4(message)
		echo.SetType(header.ICMPv4Echo)
		echo.SetSequence(uint16(i))
		for j := range size {
			message[header.ICMPv4MinimumSize+j] = byte(j * 7)
		}
		if _, err := ep.Write(bytes.NewReader(message), tcpip.WriteOptions{}); err != nil {
			h.Fatalf("%d bytes: %v", size, err)
		}
		select {
		case <-came:
		case <-time.After(patience):
			h.Fatalf("%d bytes: no reply", size)
		}
		var reply output
		if _, err := ep.Read(&reply, tcpip.ReadOptions{}); err != nil {
			h.Fatalf("%d bytes: %v", size, err)
		}
		got := header.ICMPv4(reply.String())
		if got.Type() != header.ICMPv4EchoReply || got.Sequence() != uint16(i) || string(got.Payload()) != string(echo.Payload()) {
			h.Errorf("%d bytes: the reply is another one: type %d, sequence number %d, %d bytes", size, got.Type(), got.Sequence(), len(got.Payload()))
		}
	}
}
