package stack

import (
	"bytes"
	"fmt"

	"framebyframe/shared/script"
)

// accepted is a connection to port 80 that has been accepted, for the calls below.
const accepted = handshake + `
	+0 do accept
`

// opened is the same, with other options in the peer's SYN and another window.
func opened(options string, wnd int) string {
	return fmt.Sprintf(`
		+0 < S 0:0(0) win %[2]d %[1]s
		+0 > S. 0:0(0) ack 1
		+0 < . 1:1(0) ack 1 win %[2]d
		+0 do accept
	`, options, wnd)
}

// readStream reads once, and checks that the bytes are the stream's next.
func readStream(c *Conn, n int) (int, error) {
	c.s.mu.Lock()
	at := uint32(c.rcv.read - c.rcv.irs - 1)
	c.s.mu.Unlock()
	data := make([]byte, n)
	n, err := c.Read(data)
	if want := script.Bytes(script.Pattern, at, n); !bytes.Equal(data[:n], want) {
		return n, fmt.Errorf("read % x at %d of the stream, want % x", data[:n], at, want)
	}
	return n, err
}

// timeWait is the connection in TIME-WAIT with a port of the peer, or nil. The lock
// is held.
func (b *tcpBench) timeWait(peerPort uint16) *timeWait {
	for key, w := range b.s.tcp.timeWait.conns {
		if key.remotePort == peerPort {
			return w
		}
	}
	return nil
}
