//go:build linux

// Command go is where a stack of your own may begin: it answers the question who has 10.0.0.4, and nothing else.
//
//	go build -o my-stack ./docs/your-own/go
//	go run ./shared/grade -part 1 -only 'arp: a question is answered' -- ./my-stack
package main

import (
	"bytes"
	"os"
)

var (
	ourMAC = []byte{0x02, 0, 0, 0, 0, 0x04}
	ourIP  = []byte{10, 0, 0, 4}
)

func main() {
	cable := os.NewFile(3, "the cable") // one read, one frame; one write, one frame
	buf := make([]byte, 2048)
	for {
		n, err := cable.Read(buf)
		if err != nil || n == 0 {
			return // the other end is gone
		}
		if answer := receive(buf[:n]); answer != nil {
			if _, err := cable.Write(answer); err != nil {
				return
			}
		}
	}
}

// receive looks at a frame, and returns what has to be said to it.
func receive(frame []byte) []byte {
	if len(frame) < 14 {
		return nil // shorter than Ethernet's header: to whom, from whom, what
	}
	switch etherType := frame[12:14]; {
	case bytes.Equal(etherType, []byte{0x08, 0x06}):
		return receiveARP(frame[14:])
	}
	return nil // IPv4 is 0x0800: docs/2-ipv4-icmp.md
}

// receiveARP answers a question for our address (RFC 826).
func receiveARP(b []byte) []byte {
	if len(b) < 28 || !bytes.Equal(b[0:8], []byte{0, 1, 8, 0, 6, 4, 0, 1}) {
		return nil // no question about IPv4 addresses and Ethernet's
	}
	sha, spa, tpa := b[8:14], b[14:18], b[24:28]
	if !bytes.Equal(tpa, ourIP) {
		return nil // for somebody else
	}
	return bytes.Join([][]byte{
		sha, ourMAC, {0x08, 0x06}, // Ethernet's header
		{0, 1, 8, 0, 6, 4, 0, 2}, ourMAC, ourIP, sha, spa, // 2 is the answer
	}, nil)
}
