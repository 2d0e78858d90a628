//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
)

// part1Steps show that a part answers ARP.
var part1Steps = []step{whoIsWho, askForThePart, askForNobody, letTheKernelAsk, yourTurn}

// answerLimit is how long the demo waits for an answer. On this cable one takes well under a millisecond, but the computer
// may have much else to do.
const answerLimit = 30 * time.Second

// silence is how long it listens where no answer should come.
const silence = time.Second

var nobodyIP = netip.MustParseAddr("10.0.0.77")

// whoIsWho names the two machines on the cable.
func whoIsWho(b *bench) error {
	us := "the Linux kernel"
	if !b.kernel {
		us = "this demo, playing the kernel"
	}
	b.printf("Two machines share one cable:\n")
	b.printf("  %-9s %s   %s\n", b.ip, b.mac, us)
	b.printf("  %-9s %s   the part: a program, and nobody else has this address\n", partIP, partMAC)
	return nil
}

// askForThePart asks who has the part's address, and shows question and answer byte by byte.
func askForThePart(b *bench) error {
	b.printf("\n[1] We ask everybody on the cable: who has %s?\n", partIP)
	question := arpRequest(b.mac, b.ip, partIP)
	answer, took, err := ask(b, question, partIP, answerLimit)
	if err != nil {
		return fmt.Errorf("no answer from %s within %v: %w", partIP, answerLimit, err)
	}
	b.printf("\n%s\n", sideBySide(arpFields, question, answer))
	if err := compare(arpFields, answer, arpReply(partMAC, partIP, b.mac, b.ip)); err != nil {
		return err
	}
	b.printf("%s has it. The answer took %v and came to us alone.\n", net.HardwareAddr(answer[22:28]), took.Round(time.Microsecond))
	return nil
}

// askForNobody asks for an address that nobody has.
func askForNobody(b *bench) error {
	b.printf("\n[2] Who has %s?\n", nobodyIP)
	answer, _, err := ask(b, arpRequest(b.mac, b.ip, nobodyIP), nobodyIP, silence)
	switch {
	case err == nil:
		return fmt.Errorf("%s answered for %s, which is not its address", net.HardwareAddr(answer[6:12]), nobodyIP)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	b.printf("Silence for %v: a machine answers for its own address only, and this is nobody's.\n", silence)
	return nil
}

// ask sends an ARP request and waits so long for the answer about the address.
func ask(b *bench, request []byte, about netip.Addr, limit time.Duration) (answer []byte, took time.Duration, err error) {
	sent := time.Now()
	if err := b.cable.Send(request); err != nil {
		return nil, 0, err
	}
	for {
		frame, err := b.cable.Receive(sent.Add(limit))
		if err != nil {
			return nil, 0, err
		}
		if answersARP(frame, b.mac, about) {
			return frame, time.Since(sent), nil
		}
	}
}

// letTheKernelAsk makes the kernel send something to the part, for which it must find the part's MAC by itself.
func letTheKernelAsk(b *bench) error {
	b.printf("\n[3] ")
	if !b.kernel {
		b.printf("The kernel's own question is left out: this cable does not lead to the kernel.\n")
		return nil
	}
	b.printf("Now the kernel itself is told to send a UDP datagram to %s, port 9.\n", partIP)
	if known, err := neighbour(partIP); err != nil {
		return err
	} else if known == nil {
		b.printf("Before, its table of neighbours says nothing about %s.\n", partIP)
	}
	socket, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(partIP, 9)))
	if err != nil {
		return err
	}
	defer socket.Close()
	if _, err := socket.Write([]byte("hello")); err != nil {
		return err
	}
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		mac, err := neighbour(partIP)
		switch {
		case err != nil:
			return err
		case bytes.Equal(mac, partMAC):
			b.printf("It asked as we did, and now the table says: %s is at %s.\n", partIP, mac)
			return nil
		case mac != nil:
			return fmt.Errorf("the kernel learned %s for %s", mac, partIP)
		case time.Since(start) > answerLimit:
			return fmt.Errorf("the kernel did not learn who has %s within %v", partIP, answerLimit)
		}
	}
}

// neighbour returns the MAC that the kernel knows for an address, or nil.
func neighbour(ip netip.Addr) (net.HardwareAddr, error) {
	all, err := netlink.NeighList(0, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("cannot read the kernel's table of neighbours: %w", err)
	}
	for _, n := range all {
		if n.IP.Equal(ip.AsSlice()) && len(n.HardwareAddr) > 0 {
			return n.HardwareAddr, nil
		}
	}
	return nil, nil
}
