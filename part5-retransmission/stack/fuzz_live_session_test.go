package stack

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
)

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
	us, them := New(&x.out, quietConfig()), New(&x.in, honestConfig())
	f.Cleanup(func() { us.Close(); them.Close() })
	us.tcp.noSACK = plain
	us.meet(request(peerMAC, peerIP, ourIP))
	them.meet(arpFrame(peerMAC, ourMAC, 1, ourMAC, ourIP, MAC{}, peerIP))
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
