package stack

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
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
	z.s.receiveFrame(forge(peerIP, seg))
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
	underTest.Ended(z.T, z.c)
	if left := underTest.Left(z.s); left != "" {
		z.Error(left)
	}
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

// captureProgram makes a program of a real session: two stacks talk over a cable that
// loses frames, and what comes to ours becomes steps, as do our user's calls.
func captureProgram(f *testing.F, mode byte, seed uint64) []byte {
	f.Helper()
	dice := rand.New(rand.NewPCG(seed, uint64(mode)))
	program := []byte{mode}
	step := func(b ...byte) { program = append(program, append(b, make([]byte, liveStep-len(b))...)...) }
	session := newSession(f, mode&2 != 0)
	for range 60 {
		n := dice.IntN(8000)
		switch dice.IntN(5) {
		case 0:
			session.ours.Write(make([]byte, n))
			step(9, byte(n>>8), byte(n))
		case 1:
			session.peer.Write(make([]byte, n))
		case 2:
			io.ReadFull(session.ours, make([]byte, session.ours.waiting()))
			step(11, 255, 255)
		case 3:
			io.ReadFull(session.peer, make([]byte, session.peer.waiting()))
		case 4:
			step(8, byte(n))
		}
		for session.move(func(seg *segment) {
			step(session.steps(seg)...)
		}, func() bool { return dice.IntN(8) == 0 }) {
		}
		if len(program) > 250*liveStep {
			break
		}
	}
	step(12, 0)
	step(12, 2)
	return program
}

// session is two stacks whose frames are moved by hand.
type session struct {
	ours, peer *Conn
	in, out    frameList // to us, and to the peer
}

// frameList is a device that puts frames into a list.
type frameList struct {
	nullDevice
	mu     sync.Mutex // the stack's timers write, too
	frames [][]byte
}

func (l *frameList) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, bytes.Clone(b))
	return len(b), nil
}

// take empties the list.
func (l *frameList) take() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	frames := l.frames
	l.frames = nil
	return frames
}

func newSession(f *testing.F, plain bool) *session {
	f.Helper()
	x := &session{}
	us, them := New(&x.out, quietConfig()), New(&x.in, peerConfig())
	f.Cleanup(func() { us.Close(); them.Close() })
	us.tcp.noSACK = plain
	underTest.Meet(us, peerIP, peerMAC)
	underTest.Meet(them, ourIP, ourMAC)
	l, err := us.Listen(80)
	if err != nil {
		f.Fatal(err)
	}
	them.mu.Lock()
	x.peer, err = them.activeOpen(x.address())
	them.mu.Unlock()
	if err != nil {
		f.Fatal(err)
	}
	x.ours = &Conn{s: us}
	for x.move(func(*segment) {}, func() bool { return false }) {
	}
	if x.ours, err = l.AcceptTCP(); err != nil {
		f.Fatal(err)
	}
	return x
}

func (x *session) address() netip.AddrPort { return netip.AddrPortFrom(ourIP, 80) }

// move takes all frames that wait to the other side, but for those that are lost. note
// hears of each that comes to us, before it does. It reports whether there was any.
func (x *session) move(note func(*segment), lost func() bool) bool {
	in, out := x.in.take(), x.out.take()
	for _, frame := range in {
		if lost() {
			continue
		}
		var seg segment
		if seg.parseHeader(frame[etherHeaderLen+ipv4MinHeaderLen:]) == nil {
			note(&seg)
		}
		deliver(x.ours.s, frame)
	}
	for _, frame := range out {
		if !lost() {
			deliver(x.peer.s, frame)
		}
	}
	return len(in)+len(out) > 0
}

func deliver(s *Stack, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receiveFrame(frame)
	s.answerAll()
}

// steps writes a segment as a step of a program, see liveFuzz.segment.
func (x *session) steps(seg *segment) []byte {
	c := x.ours
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	seq, ack := int16(seg.seq-c.rcv.nxt), int16(seg.ack-c.snd.nxt)
	b := []byte{
		0, seg.flags ^ flagACK, byte(seq >> 8), byte(seq), byte(ack >> 8), byte(ack),
		byte(seg.wnd / 257), byte(len(seg.data) >> 8), byte(len(seg.data)), 0, 0, 0,
	}
	if blocks := seg.opt.sack; blocks.n > 0 {
		mss := seqNum(c.effSndMSS())
		b[9], b[10] = 1, byte((blocks.list[0].from-c.snd.una)/mss)
		b[11] = byte((blocks.list[0].to - blocks.list[0].from) / mss)
	}
	return b
}

// capturedPrograms makes programs for FuzzLiveStack of the captures: what came to us
// becomes steps, near the numbers that we expected then, and so does what our user wrote.
// size is how many bytes a step has.
func capturedPrograms(tb testing.TB, size int) (programs [][]byte) {
	tb.Helper()
	type side struct{ rcv, snd seqNum } // RCV.NXT and SND.NXT, as what we have sent shows them
	type key struct{ peer, local uint16 }
	sides, lives := make(map[key]*side), make(map[key][]byte)
	step := func(at key, b ...byte) { lives[at] = append(append(lives[at], b...), make([]byte, size-len(b))...) }
	var order []key
	for _, frame := range suite.CapturedFrames(tb) {
		if !suite.IsProtocol(protocolTCP)(frame) {
			continue
		}
		_, packet, _ := parseEther(frame)
		h, payload, _ := parsedIPv4(packet)
		seg, err := parsedTCP(payload, h.src, h.dst)
		if err != nil {
			continue // damaged on its way
		}
		at, ours := key{seg.srcPort, seg.dstPort}, h.src == ourIP
		if ours {
			at = key{seg.dstPort, seg.srcPort}
		}
		x := sides[at]
		switch {
		case ours && seg.has(flagSYN):
			sides[at] = &side{seg.ack, seg.seq + 1}
			lives[at] = []byte{0}
			order = append(order, at)
		case x == nil || seg.has(flagSYN):
		case ours:
			if end := seg.seq.add(len(seg.data)); x.snd.less(end) {
				n := int(end - x.snd)
				step(at, 9, byte(n>>8), byte(n)) // the user writes
				x.snd = end
			}
			x.rcv = seg.ack
		default:
			seq, ack := int16(seg.seq-x.rcv), int16(seg.ack-x.snd)
			step(at, 0, seg.flags^flagACK, byte(seq>>8), byte(seq), byte(ack>>8), byte(ack), byte(seg.wnd/257), byte(len(seg.data)>>8), byte(len(seg.data)))
			step(at, 8, 1)        // a millisecond
			step(at, 11, 16, 255) // the user reads
		}
	}
	for _, at := range order {
		if len(lives[at]) > size {
			programs = append(programs, lives[at])
		}
	}
	return programs
}

// The captures have connections that live for a while, one of them on a bad cable.
func TestCapturedPrograms(t *testing.T) {
	longest, programs := 0, capturedPrograms(t, 12)
	for _, program := range programs {
		longest = max(longest, len(program)/12)
	}
	if len(programs) < 5 || longest < 20 {
		t.Errorf("%d programs, the longest with %d steps", len(programs), longest)
	}
}
