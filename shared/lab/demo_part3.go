//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// part3Steps show how a part opens a connection.
var part3Steps = []step{whoIsWho, shakeHands, knockAtNobodys, letTheKernelConnect, yourTurn}

// A third host, which the demo plays: the kernel would answer a segment for a connection that it does not know.
var (
	thirdIP  = netip.MustParseAddr("10.0.0.9")
	thirdMAC = net.HardwareAddr{0x02, 0x00, 0, 0, 0, 0x09}
)

// asThird returns the bench as the third host sees it, once the part knows that host.
func asThird(b *bench) (*bench, error) {
	third := *b
	third.mac, third.ip = thirdMAC, thirdIP
	return &third, meetThePart(&third)
}

// shakeHands does the three steps of the handshake with the part's port 80.
func shakeHands(b *bench) error {
	b.printf("\n[1] A third host, %s, which this demo plays, asks the part's port 80 for a connection.\n", thirdIP)
	third, err := asThird(b)
	if err != nil {
		return err
	}
	src, dst := netip.AddrPortFrom(thirdIP, 40000), netip.AddrPortFrom(partIP, 80)
	const seq = 1000
	question := tcpFrame(partMAC, thirdMAC, src, dst, seq, 0, tcpSYN)
	frame, err := segmentAfter(third, src, question)
	if err != nil {
		return fmt.Errorf("no answer to a SYN within %v: %w", answerLimit, err)
	}
	answer := frame[34:]
	switch {
	case answer[13] != tcpSYN|tcpACK:
		return fmt.Errorf("the flags of the answer are %#02x, want SYN and ACK", answer[13])
	case binary.BigEndian.Uint32(answer[8:]) != seq+1:
		return fmt.Errorf("the answer acknowledges %d, want %d", binary.BigEndian.Uint32(answer[8:]), seq+1)
	case len(answer) < 24:
		return errors.New("the answer does not say the largest segment")
	}
	b.printf("\n%s\n", sideBySide(synFields, question, frame))
	theirs := binary.BigEndian.Uint32(answer[4:])
	if err := b.cable.Send(tcpFrame(partMAC, thirdMAC, src, dst, seq+1, theirs+1, tcpACK)); err != nil {
		return err
	}
	b.printf("The answer acknowledges %d, one more than our %d, and tells its own number. We acknowledge that, and the\n"+
		"connection is open at both ends.\n", seq+1, seq)
	return b.cable.Send(tcpFrame(partMAC, thirdMAC, src, dst, seq+1, 0, tcpRST)) // and away with it
}

// knockAtNobodys sends a SYN to a port on which nobody listens.
func knockAtNobodys(b *bench) error {
	third, err := asThird(b)
	if err != nil {
		return err
	}
	b.printf("\n[2] The same to port 81, where nobody listens.\n")
	src := netip.AddrPortFrom(thirdIP, 40001)
	frame, err := segmentAfter(third, src, tcpFrame(partMAC, thirdMAC, src, netip.AddrPortFrom(partIP, 81), 1000, 0, tcpSYN))
	if err != nil {
		return fmt.Errorf("no answer from port 81 within %v: %w", answerLimit, err)
	}
	if flags := frame[34+13]; flags != tcpRST|tcpACK {
		return fmt.Errorf("the flags of the answer are %#02x, want RST and ACK", flags)
	}
	b.printf("A reset: there is no such connection, and there will be none.\n")
	return nil
}

// letTheKernelConnect makes the kernel open a connection, as any program would.
func letTheKernelConnect(b *bench) error {
	b.printf("\n[3] ")
	if !b.kernel {
		b.printf("The kernel's own connection is left out: this cable does not lead to the kernel.\n")
		return nil
	}
	b.printf("Now the kernel connects, as it does for every program.\n")
	conn, err := net.DialTimeout("tcp", partIP.String()+":80", answerLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	b.printf("Port 80: connected, %v to %v.\n", conn.LocalAddr(), conn.RemoteAddr())
	_, err = net.DialTimeout("tcp", partIP.String()+":81", answerLimit)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("port 81: %v, want that the connection is refused", err)
	}
	b.printf("Port 81: connection refused.\n")
	return nil
}

// segmentAfter sends a frame and returns the first frame with a segment from the part to src.
func segmentAfter(b *bench, src netip.AddrPort, frame []byte) ([]byte, error) {
	sent := time.Now()
	if err := b.cable.Send(frame); err != nil {
		return nil, err
	}
	for {
		frame, err := b.cable.Receive(sent.Add(answerLimit))
		if err != nil || tcpFor(frame, b.mac, src) != nil {
			return frame, err
		}
	}
}
