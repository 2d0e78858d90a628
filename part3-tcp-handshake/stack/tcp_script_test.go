package stack

// conn returns the connection with a port of the peer, or nil. The lock is held.
func (b *tcpBench) conn(peerPort uint16) *Conn {
	for key, c := range b.s.tcp.conns {
		if key.remotePort == peerPort {
			return c
		}
	}
	return nil
}

// state is the state of the connection with a port of the peer, or what its next
// segment would find.
func (b *tcpBench) state(peerPort uint16) (state tcpState) {
	b.do(func() {
		c := b.conn(peerPort)
		switch {
		case c != nil:
			state = c.state
		case b.cfg.StackPort == 80 && !b.l.closed:
			state = stateListen
		default:
			state = stateClosed
		}
	})
	return state
}

// handshake opens a connection to port 80.
const handshake = `
	+0 < S 0:0(0) win 1000 <mss 1460>
	+0 > S. 0:0(0) ack 1 <mss 1460,...>
	+0 < . 1:1(0) ack 1 win 1000
	+0 state ESTABLISHED
`
