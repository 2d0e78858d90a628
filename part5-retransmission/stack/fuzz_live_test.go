package stack

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzLiveStack has a stack live through a program of bytes: segments near the numbers
// that its connection expects, with data, SACK, timestamps and windows; junk; time that
// passes; and calls of the user. After each step all invariants hold. What we send is
// what the user wrote, what he reads is what the peer sent; and when he has closed, the
// connection ends, whatever the peer does, and nothing is left.
func FuzzLiveStack(f *testing.F) {
	for mode := range byte(4) {
		for seed := range uint64(3) {
			f.Add(captureProgram(f, mode, seed))
		}
	}
	for _, program := range capturedPrograms(f, liveStep) {
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 || len(program) > 300*liveStep {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			z := newLiveFuzz(t, program[0])
			for program = program[1:]; len(program) >= liveStep; program = program[liveStep:] {
				z.step(program[:liveStep])
			}
			z.endBatch()
			z.finish()
		})
	})
}

const liveStep = 12 // bytes of a program for one step

// liveFuzz is a stack under fuzz, its device, and its connection.
type liveFuzz struct {
	nullDevice
	*testing.T
	s       *Stack
	c       *Conn
	all     []*Conn
	wrote   int // bytes of pattern that the user has written
	read    int
	fins    map[seqNum]bool // where the peer's FINs were
	highest seqNum          // of its data
	edges   edges           // of the connection, at the last check
}

// liveByte is the byte of both streams at a place.
func liveByte(at int) byte { return byte(at*7 + at>>8) }

func liveBytes(at, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = liveByte(at + i)
	}
	return b
}

// newLiveFuzz opens a connection: the first bit of the mode says who does, the second one
// whether there are SACK and timestamps.
func newLiveFuzz(t *testing.T, mode byte) *liveFuzz {
	z := &liveFuzz{T: t, s: New(nil, quietConfig()), fins: make(map[seqNum]bool)}
	z.s.dev = z
	if mode&1 == 0 {
		if _, err := z.s.Listen(80); err != nil {
			t.Fatal(err)
		}
	}
	z.s.mu.Lock()
	defer z.s.mu.Unlock()
	z.s.tcp.noSACK = mode&2 != 0
	z.s.receiveFrame(request(peerMAC, peerIP, ourIP))
	key := connKey{remote: peerIP.As4(), remotePort: 8000, localPort: 80}
	syn := segment{seq: 999, flags: flagSYN, wnd: 65535, options: unhex("020405b4 0402 080a 00000001 00000000 01 030307")}
	if mode&1 == 0 {
		z.receive(key, syn)
	} else {
		c, err := z.s.activeOpen(netip.AddrPortFrom(peerIP, 8000))
		if err != nil {
			t.Fatal(err)
		}
		key = c.key
		syn.flags, syn.ack = flagSYN|flagACK, c.snd.nxt
		z.receive(key, syn)
	}
	z.c, z.highest = z.s.tcp.conns[key], 1000
	z.all = append(z.all, z.c)
	z.receive(key, segment{seq: 1000, ack: z.c.snd.nxt, flags: flagACK, wnd: 65535, options: z.timestamps(0)})
	z.s.answerAll()
	return z
}

// receive has the stack receive a segment of the peer.
func (z *liveFuzz) receive(key connKey, seg segment) {
	seg.srcPort, seg.dstPort = key.remotePort, key.localPort
	z.s.receiveFrame(steadyFrame(seg))
}

// timestamps is the option as the peer would send it, earlier or later by some.
func (z *liveFuzz) timestamps(by int8) []byte {
	if !z.c.ts.on {
		return nil
	}
	b := unhex("0101080a")
	b = binary.BigEndian.AppendUint32(b, z.c.ts.recent+uint32(int32(by)))
	return binary.BigEndian.AppendUint32(b, z.c.ts.value(z.s.clock())+uint32(int32(by)&3))
}

// endBatch is the end of a batch of frames: all invariants hold.
func (z *liveFuzz) endBatch() {
	z.s.mu.Lock()
	z.s.answerAll()
	z.s.mu.Unlock()
	z.check()
}

// step does what a step says: the first byte says what.
func (z *liveFuzz) step(b []byte) {
	what := b[0] & 15
	if what >= 8 && what <= 13 || b[0]&0x80 == 0 { // else it is of one batch with the last
		z.endBatch()
	}
	switch {
	case what == 8:
		time.Sleep(time.Duration(b[1])*time.Millisecond + time.Duration(b[2])*time.Duration(b[2])*10*time.Millisecond)
		synctest.Wait()
	case what >= 9 && what <= 12:
		z.call(what, b)
	default:
		z.s.mu.Lock()
		defer z.s.mu.Unlock()
		switch what {
		case 13:
			z.icmp(b)
		case 14:
			z.s.receiveFrame(append(unhex("020000000004 02000a000001 0800"), b[1:]...)) // junk
		default:
			z.segment(b)
		}
	}
}

// segment has the stack receive a segment: flags, offsets of SEQ and ACK (two bytes
// each), window, length (two), SACK or timestamps (three).
func (z *liveFuzz) segment(b []byte) {
	offset := func(b []byte) int { return int(int16(binary.BigEndian.Uint16(b))) }
	seg := segment{
		seq: z.c.rcv.nxt.add(offset(b[2:])), ack: z.c.snd.nxt.add(offset(b[4:])),
		flags: b[1] ^ flagACK, wnd: uint16(b[6]) * 257,
	}
	if n := int(binary.BigEndian.Uint16(b[7:])) % 1461; n > 0 {
		seg.data = liveBytes(int(int32(seg.seq-1000)), n)
	}
	seg.options = z.timestamps(int8(b[0]&0x70) >> 3)
	mss := z.c.effSndMSS()
	if n := int(b[9] & 3); n > 0 {
		seg.options = append(seg.options, 1, 1, 5, byte(2+8*n))
		for i := range n {
			from := z.c.snd.una.add(int(b[10]+byte(i*3))*mss + int(int8(b[9]))>>2)
			seg.options = appendBlock(seg.options, span{from, from.add(int(b[11]+byte(i)) * mss)})
		}
	}
	if b[9] == 0xfc {
		seg.options = nil
	}
	if !seg.has(flagSYN) && !seg.has(flagRST) {
		z.noteText(&seg)
	}
	z.receive(z.c.key, seg)
}

// noteText notes where the peer's FINs are, and where its text ends.
func (z *liveFuzz) noteText(seg *segment) {
	end := seg.seq.add(len(seg.data))
	if z.highest.less(end) {
		z.highest = end
	}
	if seg.has(flagFIN) {
		z.fins[end] = true
	}
}

// honest reports whether the peer has one end of its text, or none.
func (z *liveFuzz) honest() bool {
	for fin := range z.fins {
		return len(z.fins) == 1 && z.highest.leq(fin)
	}
	return true
}
