//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// part2Steps show that a part answers echo requests, and when it keeps silent.
var part2Steps = []step{whoIsWho, meetThePart, pingThePart, pingThroughThePart, unknownProtocol, yourTurn}

// meetThePart lets the part and our end learn each other's MACs, as part 1's demo shows at length.
func meetThePart(b *bench) error {
	_, _, err := ask(b, arpRequest(b.mac, b.ip, partIP), partIP, answerLimit)
	if err != nil {
		return fmt.Errorf("no answer to ARP from %s within %v: %w", partIP, answerLimit, err)
	}
	return nil
}

// pingThePart sends an echo request, and shows it and the reply byte by byte.
func pingThePart(b *bench) error {
	b.printf("\n[1] We send %s an echo request, as ping does.\n", partIP)
	request := ipv4Frame(partMAC, b.mac, 1, 1, b.ip, partIP, echoMessage(8))
	reply, took, err := exchange(b, request, 0, answerLimit)
	if err != nil {
		return fmt.Errorf("no echo reply from %s within %v: %w", partIP, answerLimit, err)
	}
	b.printf("\n%s", sideBySide(echoFields, request, reply))
	b.printf("  and %q in both of them.\n\n", echoData)
	id := binary.BigEndian.Uint16(reply[18:20]) // the part chooses it
	if err := compare(echoFields, reply, ipv4Frame(b.mac, partMAC, id, 1, partIP, b.ip, echoMessage(0))); err != nil {
		return err
	}
	if data := reply[42:]; string(data) != echoData {
		return fmt.Errorf("%q came back as %q", echoData, data)
	}
	b.printf("The echo took %v.\n", took.Round(time.Microsecond))
	return nil
}

// pingThroughThePart sends the part's card a datagram for somebody else.
func pingThroughThePart(b *bench) error {
	b.printf("\n[2] The same in a frame for the part, but the datagram inside is for %s.\n", nobodyIP)
	_, _, err := exchange(b, ipv4Frame(partMAC, b.mac, 2, 1, b.ip, nobodyIP, echoMessage(8)), 0, silence)
	switch {
	case err == nil:
		return fmt.Errorf("the part answered for %s, which is not its address", nobodyIP)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	b.printf("Silence for %v: the part is a host. Passing on what is for others is a router's work.\n", silence)
	return nil
}

// unknownProtocol sends a datagram of a protocol that nobody speaks.
func unknownProtocol(b *bench) error {
	const experiment = 253 // RFC 3692: for experiments
	b.printf("\n[3] A datagram of protocol %d, which the part does not speak.\n", experiment)
	reply, _, err := exchange(b, ipv4Frame(partMAC, b.mac, 3, experiment, b.ip, partIP, []byte("anybody there?")), 3, answerLimit)
	if err != nil {
		return fmt.Errorf("no ICMP message from %s within %v: %w", partIP, answerLimit, err)
	}
	if code := reply[35]; code != 2 {
		return fmt.Errorf("ICMP code %d, want 2", code)
	}
	b.printf("It says so: ICMP type 3, code 2, which means \"protocol unreachable\".\n")
	return nil
}

// exchange sends a frame and waits so long for an ICMP message of the given type from the part.
func exchange(b *bench, frame []byte, icmpType byte, limit time.Duration) (answer []byte, took time.Duration, err error) {
	sent := time.Now()
	if err := b.cable.Send(frame); err != nil {
		return nil, 0, err
	}
	for {
		frame, err := b.cable.Receive(sent.Add(limit))
		if err != nil {
			return nil, 0, err
		}
		if message := icmpFor(frame, b.mac, b.ip); message != nil && message[0] == icmpType {
			return frame, time.Since(sent), nil
		}
	}
}
