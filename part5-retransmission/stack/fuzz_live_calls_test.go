package stack

import (
	"bytes"
	"encoding/binary"
	"testing/synctest"
	"time"
)

// call is a call of the user that need not wait.
func (z *liveFuzz) call(what byte, b []byte) {
	n := int(binary.BigEndian.Uint16(b[1:]))
	switch what {
	case 9, 10:
		z.write(n)
	case 11:
		z.readSome(n)
	default:
		switch b[1] & 7 {
		case 0:
			z.c.CloseWrite()
		case 1:
			z.c.CloseRead()
		case 2:
			z.c.Close()
		case 3:
			z.c.SetNoDelay(b[2]&1 == 0)
		case 4:
			z.c.SetKeepAlivePeriod(time.Duration(b[2]) * time.Second)
		case 5:
			z.c.SetUserTimeout(time.Duration(b[2]) * time.Second)
		case 6:
			z.c.SetLinger(int(b[2]&1) - 1)
		case 7:
			if b[2] == 0 {
				z.c.Abort()
			}
		}
	}
}

// write is a Write of as much as there is room for.
func (z *liveFuzz) write(n int) {
	z.s.mu.Lock()
	n = min(n, z.c.sendBuffer()-z.c.snd.text.size)
	z.wrote += max(n, 0) // the device looks at them before Write returns
	text := liveBytes(z.wrote-max(n, 0), max(n, 0))
	z.s.mu.Unlock()
	if n <= 0 {
		return
	}
	k, _ := z.c.Write(text)
	z.s.mu.Lock()
	defer z.s.mu.Unlock()
	z.wrote += k - n
}

// readSome is a Read that need not wait.
func (z *liveFuzz) readSome(n int) {
	z.s.mu.Lock()
	n = min(n, z.c.readable())
	z.s.mu.Unlock()
	if n <= 0 {
		return
	}
	text := make([]byte, n)
	k, _ := z.c.Read(text)
	for i, b := range text[:k] {
		if b != liveByte(z.read+i) && z.honest() {
			z.Fatalf("read a wrong byte at %d", z.read+i)
		}
	}
	z.read += k
}

func (z *liveFuzz) check() {
	z.s.mu.Lock()
	defer z.s.mu.Unlock()
	z.s.checkInvariants(z.T)
	for _, c := range z.s.tcp.conns {
		c.checkBuffers(z.T)
	}
	z.edges = z.c.checkEdges(z.T, z.edges)
	z.s.checkChunks(z.T, z.all...)
	if z.Failed() {
		z.FailNow()
	}
}

// finish closes the connection. From then on the peer says nothing, and it has to end.
func (z *liveFuzz) finish() {
	defer z.s.Close()
	z.c.SetLinger(-1)
	z.c.Close()
	z.s.mu.Lock()
	for _, l := range z.s.tcp.listeners {
		l.close() // which ends what nobody has accepted
	}
	z.s.mu.Unlock()
	z.check()
	time.Sleep(20 * time.Minute)
	synctest.Wait()
	z.check()
	z.c.wantEnded(z.T)
}

// icmp sends an error about a segment of ours, or nearly.
func (z *liveFuzz) icmp(b []byte) {
	seg := segment{srcPort: z.c.key.localPort, dstPort: z.c.key.remotePort, seq: z.c.snd.una.add(int(int8(b[2])))}
	quote := make([]byte, tcpMinHeaderLen)
	seg.put(quote, ourIP, peerIP)
	d := fuzzDatagram(protocolTCP, quote)
	copy(d[12:20], []byte{10, 0, 0, 4, 10, 0, 0, 1})
	d[1] |= 2 // leave the destination alone
	unreachable := icmpBytes(icmpUnreachable, b[1]&15, 0, binary.BigEndian.Uint16(b[3:]), fixDatagram(d))
	z.s.feed(z.T, fixDatagram(fuzzDatagram(protocolICMP, unreachable)))
}

// Write looks at what the stack sends, under its lock: the text must be what the user
// wrote.
func (z *liveFuzz) Write(frame []byte) (int, error) {
	_, packet, err := parseEther(frame)
	if err != nil {
		z.Errorf("sent % x: %v", frame, err)
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP || z.c == nil {
		return len(frame), nil
	}
	seg, err := parsedTCP(payload, h.src, h.dst)
	if err != nil {
		z.Errorf("sent % x: %v", frame, err)
	}
	at := int(seg.seq - z.c.snd.iss - 1)
	if len(seg.data) > 0 && (at+len(seg.data) > z.wrote || !bytes.Equal(seg.data, liveBytes(at, len(seg.data)))) {
		z.Errorf("sent %d bytes from %d on, of %d that were written, which are others", len(seg.data), at, z.wrote)
	}
	return len(frame), nil
}
