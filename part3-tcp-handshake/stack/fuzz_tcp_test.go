package stack

import (
	"net/netip"
	"testing"

	"framebyframe/shared/suite"
)

// FuzzSegments feeds a live stack with segments whose checksums are right, near
// enough to what its connections expect to get through the first checks. A program
// of bytes says which. Nothing may panic, no invariant break, and a RST never be
// answered with a RST.
func FuzzSegments(f *testing.F) {
	step := func(b ...byte) []byte { return append(b, make([]byte, fuzzStep-len(b))...) }
	program := func(steps ...[]byte) (all []byte) {
		for _, s := range steps {
			all = append(all, s...)
		}
		return all
	}
	syn, ack := step(0, flagSYN, 0, 0, 4, 0, 3), step(0, flagACK, 0, 0, 4, 0, 0)
	f.Add(program(syn, ack, step(0, flagRST)))                                      // LISTEN to ESTABLISHED to CLOSED
	f.Add(program(syn, step(0, flagRST), syn, step(0, flagACK, 0, 1), step(8)))     // back to LISTEN, a bad ACK, accept
	f.Add(program(step(4, flagSYN|flagACK, 0, 1, 4, 0, 5), step(4, flagSYN)))       // SYN-SENT to ESTABLISHED, a SYN
	f.Add(program(step(4, flagSYN, 0, 0, 9, 0, 2), step(4, flagACK, 0, 1, 4)))      // simultaneous open
	f.Add(program(step(4, flagRST|flagACK, 0, 1), step(4, flagACK), step(10)))      // refused, CLOSED, dial again
	f.Add(program(step(9), step(0, flagSYN), step(0, flagACK, 0, 0), step(8)))      // a cookie
	f.Add(program(syn, step(0, flagACK|flagFIN, 0, 0, 4, 20, 0), step(5), step(7))) // data and FIN, closed port, ICMP
	f.Add(program(syn, ack, step(11), syn, step(12)))                               // abort, the listener closes
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 100*fuzzStep {
			return
		}
		z := &tcpFuzz{T: t, s: New(nil, testConfig(&suite.Log{}))}
		z.s.dev = z
		defer z.s.Close()
		var err error
		if z.l, err = z.s.Listen(80); err != nil {
			t.Fatal(err)
		}
		z.s.mu.Lock()
		defer z.s.mu.Unlock()
		z.s.receiveFrame(request(peerMAC, peerIP, ourIP))
		z.dial()
		for ; len(program) >= fuzzStep; program = program[fuzzStep:] {
			z.step(program[:fuzzStep])
			z.s.checkInvariants(t)
		}
	})
}

const fuzzStep = 7 // bytes of a program for one step

// tcpFuzz is a stack under fuzz, and its device.
type tcpFuzz struct {
	nullDevice
	*testing.T
	s      *Stack
	l      *Listener
	dialed *Conn
	reset  bool // the segment that is being handled is a RST

	flooded bool
}

// Write looks at what the stack sends.
func (z *tcpFuzz) Write(frame []byte) (int, error) {
	_, packet, err := parseEther(frame)
	if err != nil {
		z.Errorf("sent % x: %v", frame, err)
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return len(frame), nil
	}
	seg, err := parsedTCP(payload, h.src, h.dst)
	switch {
	case err != nil:
		z.Errorf("sent % x: %v", frame, err)
	case z.reset && seg.has(flagRST):
		z.Error("a RST was answered with a RST")
	}
	return len(frame), nil
}

func (z *tcpFuzz) dial() {
	if c, err := z.s.activeOpen(netip.AddrPortFrom(peerIP, 8000)); err == nil {
		z.dialed = c
	}
}

// step does what the bytes of a step say: the first one says what, and of a segment
// the others are flags, offsets of SEQ and ACK, window, length of data, options.
func (z *tcpFuzz) step(b []byte) {
	key := connKey{remote: peerIP.As4(), remotePort: 7000 + uint16(b[0]&3), localPort: 80}
	switch what := b[0] % 16; what {
	case 4, 5, 6:
		key = z.dialed.key
		key.remotePort += uint16(what - 4) // 5 and 6: nobody's
	case 7:
		z.icmp(b)
		return
	case 8:
		if len(z.l.ready) > 0 {
			z.l.ready = removeConn(z.l.ready, z.l.ready[0])
		}
		return
	case 9:
		z.flood()
		return
	case 10:
		z.dial()
		return
	case 11:
		if c := z.s.tcp.conns[key]; c != nil {
			c.abort(errAborted)
		}
		return
	case 12:
		z.l.close()
		return
	case 13: // time passes
		for _, c := range z.l.halfOpen {
			c.began = c.began.Add(-halfOpenPatience)
		}
		return
	}
	z.segment(key, z.make(key, b))
}

// flood fills the backlog, once in a program.
func (z *tcpFuzz) flood() {
	if z.flooded {
		return
	}
	z.flooded = true
	for i := range uint16(maxBacklog) {
		key := connKey{peerIP.As4(), 10000 + i, 80}
		if err := z.s.receiveTCP(&ipv4Header{src: peerIP, dst: ourIP}, z.bytes(key, segment{seq: 1, flags: flagSYN})); err != nil {
			z.s.drop(err)
		}
	}
}

// make puts a segment together, near the numbers that the connection expects.
func (z *tcpFuzz) make(key connKey, b []byte) segment {
	seg := segment{
		seq: 1000, ack: z.s.cookie(key, 999, z.s.cookieTime(), 0) + 1,
		flags: b[1], wnd: uint16(b[4]) << (b[4] & 7), up: uint16(b[4]), data: pattern(int(b[5])),
	}
	if seg.has(flagSYN) {
		seg.seq = 999
	}
	if c := z.s.tcp.conns[key]; c != nil {
		seg.seq, seg.ack = c.rcv.nxt, c.snd.nxt
	}
	for _, n := range []struct {
		to *seqNum
		by byte
	}{{&seg.seq, b[2]}, {&seg.ack, b[3]}} {
		*n.to += seqNum(int8(n.by)) << (n.by & 24) // far away, too
	}
	seg.options = [][]byte{nil, unhex("020405b4"), unhex("02040200 01030307"), unhex("020405b4 0402 080a 00000001 00000002 01 03030e"),
		unhex("020405b4 030300ff"), unhex("02000000"), unhex("fd04ffff 0204" + "0000"), {b[1], b[2], b[3], b[4]}}[b[6]%8]
	return seg
}

// segment sends the stack a segment.
func (z *tcpFuzz) segment(key connKey, seg segment) {
	z.reset = seg.has(flagRST)
	z.datagram(protocolTCP, z.bytes(key, seg))
	z.reset = false
}

func (z *tcpFuzz) bytes(key connKey, seg segment) []byte {
	seg.srcPort, seg.dstPort = key.remotePort, key.localPort
	b := make([]byte, seg.headerLen()+len(seg.data))
	copy(b[seg.headerLen():], seg.data)
	seg.put(b, peerIP, ourIP)
	return b
}

// icmp sends an error about a SYN of ours, or nearly.
func (z *tcpFuzz) icmp(b []byte) {
	seg := segment{srcPort: z.dialed.key.localPort, dstPort: z.dialed.key.remotePort, seq: z.dialed.snd.iss.add(int(int8(b[2]))), flags: flagSYN}
	quote := make([]byte, tcpMinHeaderLen)
	seg.put(quote, ourIP, peerIP)
	d := fuzzDatagram(protocolTCP, quote)
	copy(d[12:20], []byte{10, 0, 0, 4, 10, 0, 0, 1})
	d[1] |= 2 // leave the destination alone
	z.datagram(protocolICMP, icmpBytes(icmpUnreachable, b[1]&15, 0, 1400, fixDatagram(d)))
}

func (z *tcpFuzz) datagram(protocol uint8, payload []byte) {
	z.s.feed(z.T, fixDatagram(fuzzDatagram(protocol, payload)))
}
