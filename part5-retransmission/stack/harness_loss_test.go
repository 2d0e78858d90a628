package stack

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// onBadPair is onPair with faults on the cable.
func onBadPair(t *testing.T, faults wire.Faults, f func(p *pair)) {
	t.Helper()
	suite.OnBadPair(t, underTest, faults, func(p *suite.Pair, ours, peer *Stack) { f(&pair{p, ours, peer}) })
}

// connDirect is a tcpDirect with one connection, whose peer the test plays segment by segment. The stack's lock guards
// out; who looks at fields of the stack or of a connection holds it, see locked.
type connDirect struct {
	*tcpDirect
	c    *Conn
	key  connKey
	ts   bool   // segments carry timestamps
	tick uint32 // TSval offset of the peer
}

// onConnDirect runs f with a stack that listens on port 80 and knows the peer's MAC address.
func onConnDirect(t *testing.T, f func(d *connDirect)) {
	t.Helper()
	onTCPDirect(t, func(d *tcpDirect) {
		r := &connDirect{tcpDirect: d, tick: 1000, key: connKey{peerIP.As4(), 8000, 80}}
		r.pass(time.Millisecond)
		f(r)
	})
}

// in has the stack handle a batch, and returns what it sends then.
func (r *connDirect) in(segs ...segment) []segment {
	r.Helper()
	frames := make([][]byte, len(segs))
	for i, seg := range segs {
		seg.srcPort, seg.dstPort = r.key.remotePort, r.key.localPort
		if r.ts {
			r.locked(func() { seg.options = r.stamp(seg.options) })
		}
		frames[i] = forge(peerIP, seg)
	}
	out := r.batch(frames...)
	r.locked(func() { r.s.checkLoss(r.T) })
	return out
}

// stamp adds the timestamps of now. The lock is held, as for stampEcho.
func (r *connDirect) stamp(list []byte) []byte {
	var echo uint32
	if r.c != nil {
		echo = r.c.ts.value(r.s.clock())
	}
	return r.stampEcho(list, echo)
}

// stampEcho adds the peer's timestamp of now, and this one as the echo of ours.
func (r *connDirect) stampEcho(list []byte, echo uint32) []byte {
	list = append(list, 1, 1, 8, 10)
	list = binary.BigEndian.AppendUint32(list, r.tick+uint32(time.Since(r.s.tcp.began)/time.Millisecond))
	return binary.BigEndian.AppendUint32(list, echo)
}

// The options of a SYN, for open.
const (
	optMSS  = "020405b4"
	optSACK = "04020101"
	optWS7  = "01030307"
	optTS   = "0101080a0000000100000000"
)

// open has the peer connect, with IRS 0 and these options in its SYN. The round trip is
// 10 ms.
func (r *connDirect) open(wnd uint16, options string) *Conn {
	r.Helper()
	out := r.in(segment{flags: flagSYN, wnd: wnd, options: unhex(options)})
	if len(out) != 1 {
		r.Fatalf("SYN: %v", out)
	}
	r.ts = out[0].opt.timestamp
	r.pass(10 * time.Millisecond)
	r.in(segment{flags: flagACK, seq: 1, ack: out[0].seq + 1, wnd: wnd})
	c, err := r.l.AcceptTCP()
	if err != nil {
		r.Fatal(err)
	}
	r.c = c
	return c
}

// pass lets time pass, and returns what the stack sends meanwhile.
func (r *connDirect) pass(d time.Duration) []segment {
	r.Helper()
	r.locked(func() { r.out = nil })
	time.Sleep(d)
	synctest.Wait()
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.checkLoss(r.T)
	return r.out
}

// write has the user write, and returns what the stack sends at once.
func (r *connDirect) write(n int) (out []segment) {
	r.Helper()
	r.locked(func() { r.out = nil })
	if _, err := r.c.Write(pattern(n)); err != nil {
		r.Error(err)
	}
	r.locked(func() { out = r.out })
	return out
}

// ack is an ACK of the peer's, without text.
func (r *connDirect) ack(ack seqNum, wnd uint16, blocks ...span) segment {
	seg := segment{flags: flagACK, seq: r.rcvNxt(), ack: ack, wnd: wnd}
	if len(blocks) > 0 {
		seg.options = sackOption(blocks...)
	}
	return seg
}

func sackOption(blocks ...span) []byte {
	list := []byte{1, 1, 5, byte(2 + 8*len(blocks))}
	for _, b := range blocks {
		list = appendBlock(list, b)
	}
	return list
}

// una is SND.UNA.
func (r *connDirect) una() (n seqNum) {
	r.locked(func() { n = r.c.snd.una })
	return n
}

// nxt is SND.NXT.
func (r *connDirect) nxt() (n seqNum) {
	r.locked(func() { n = r.c.snd.nxt })
	return n
}

// rcvNxt is RCV.NXT.
func (r *connDirect) rcvNxt() (n seqNum) {
	r.locked(func() { n = r.c.rcv.nxt })
	return n
}

func (r *connDirect) state() (state tcpState) {
	r.locked(func() { state = r.c.state })
	return state
}

// checkLoss checks what must hold of all connections whenever the lock is free, however
// much the network loses: what is known of segments that are on their way, and of those
// that came too early.
func (s *Stack) checkLoss(t *testing.T) {
	held := 0
	for _, c := range s.tcp.conns {
		c.checkSent(t)
		c.checkSpans(t)
		held += c.snd.text.held + c.rcv.text.held
		if c.timers.next != 0 && c.timers.alarm.due.IsZero() {
			t.Errorf("%v: a timer runs until %v, and no alarm is set", c.key, c.timers.next)
		}
		mss := c.effSndMSS()
		if _, learnt := s.ipv4.paths[c.remote().Addr()]; learnt { // and maybe forgotten, when cwnd was one segment already
			mss = min(mss, minPathMTU-ipv4MinHeaderLen-tcpMinHeaderLen-timestampsLen)
		}
		if c.cc.ssthresh > 0 && c.cc.cwnd < mss { // it is ESTABLISHED, or was
			t.Errorf("%v: the congestion window is %d, and a segment has %d", c.key, c.cc.cwnd, mss)
		}
	}
	// Those that have ended may still have something for their users.
	if used := s.tcp.chunks.used; used < held {
		t.Errorf("%d chunks are in use, and the connections hold %d", used, held)
	}
	if n, most := len(s.tcp.chunks.free), max(minFreeChunks, s.tcp.chunks.used); n > most {
		t.Errorf("%d chunks are kept, at most %d", n, most)
	}
}

// checkSent checks the list of what is on its way: all from SND.UNA to SND.NXT, without
// a gap; its sums; and that somebody looks after it.
func (c *Conn) checkSent(t *testing.T) {
	list, next := &c.sentSegments, c.snd.una
	flight, sacked, lost := 0, 0, 0
	for _, sent := range list.live() {
		if sent.seq != next || !sent.seq.less(sent.end) {
			t.Errorf("%v: %d-%d follows what ends at %d", c.key, sent.seq-c.snd.iss, sent.end-c.snd.iss, next-c.snd.iss)
		}
		next = sent.end
		switch {
		case sent.sacked && sent.lost:
			t.Errorf("%v: %d is both lost and with the peer", c.key, sent.seq-c.snd.iss)
		case sent.sacked:
			sacked++
		case sent.lost:
			lost++
		default:
			flight += sent.len()
		}
	}
	list.checkOrder(t)
	if next != c.snd.nxt {
		t.Errorf("%v, in %s: the sent segments end at %d, SND.NXT is %d", c.key, c.state, next-c.snd.iss, c.snd.nxt-c.snd.iss)
	}
	if flight != list.flight || sacked != list.sacked || lost != list.lost {
		t.Errorf("%v: %d bytes fly, %d are sacked, %d are lost; counted %d, %d, %d",
			c.key, flight, sacked, lost, list.flight, list.sacked, list.lost)
	}
	offered := c.end()
	if c.snd.closed || c.state == stateSynSent || c.state == stateSynReceived {
		offered++ // a FIN, or a SYN
	}
	if c.sending() && offered.less(c.snd.nxt) {
		t.Errorf("%v, in %s: SND.NXT is %d, and the user has written up to %d", c.key, c.state, c.snd.nxt-c.snd.iss, offered-c.snd.iss)
	}
	if n := c.snd.text.size; n > maxBuffer {
		t.Errorf("%v: %d bytes wait to be sent", c.key, n)
	}
	if c.snd.una != c.snd.nxt && !c.runs(timerRetransmit) {
		t.Errorf("%v, in %s: %d to %d are on their way, and no timer runs", c.key, c.state, c.snd.una-c.snd.iss, c.snd.nxt-c.snd.iss)
	}
	waits := c.snd.nxt.less(c.end()) || c.snd.closed && c.snd.nxt == c.end()
	if waits && c.sending() && !c.runs(timerRetransmit) && !c.runs(timerOverride) && !c.runs(timerPace) {
		t.Errorf("%v, in %s: %d wait to be sent, and no timer runs", c.key, c.state, c.end()-c.snd.nxt)
	}
}

// checkSpans checks what came too early: pieces that neither overlap nor touch, beyond
// RCV.NXT and inside of the window.
func (c *Conn) checkSpans(t *testing.T) {
	if len(c.rcv.outOfOrder) > maxOutOfOrder {
		t.Errorf("%v: %d pieces, at most %d", c.key, len(c.rcv.outOfOrder), maxOutOfOrder)
	}
	if !c.receiving() {
		return // whoever sends something behind his FIN may leave what he likes
	}
	for i, piece := range c.rcv.outOfOrder {
		if !piece.from.less(piece.to) || !c.rcv.nxt.less(piece.from) || c.rcv.nxt.add(c.rcv.wnd).less(piece.to) {
			t.Errorf("%v: %d-%d of the window of %d came early", c.key, piece.from-c.rcv.nxt, piece.to-c.rcv.nxt, c.rcv.wnd)
		}
		if n := int(piece.to - c.rcv.read); n > c.rcv.text.size+1 { // 1: a FIN
			t.Errorf("%v: the buffer ends at %d, and has pieces up to %d", c.key, c.rcv.text.size, n)
		}
		for _, other := range c.rcv.outOfOrder[:i] {
			if !piece.to.less(other.from) && !other.to.less(piece.from) {
				t.Errorf("%v: %v and %v are not apart", c.key, piece, other)
			}
		}
	}
	if n := c.readable(); n < 0 || n > c.rcv.text.size {
		t.Errorf("%v: %d bytes can be read, and the buffer has %d", c.key, n, c.rcv.text.size)
	}
}

// checkChunks checks that all chunks that are in use are in the buffers of connections
// in the table, or of those that have left it.
func (s *Stack) checkChunks(t *testing.T, left ...*Conn) {
	held, seen := 0, make(map[*Conn]bool)
	count := func(c *Conn) {
		if !seen[c] {
			held += c.snd.text.held + c.rcv.text.held
		}
		seen[c] = true
	}
	for _, c := range s.tcp.conns {
		count(c)
	}
	for _, c := range left {
		count(c)
	}
	if used := s.tcp.chunks.used; used != held {
		t.Errorf("%d chunks are in use, and the connections hold %d", used, held)
	}
}

// newPair starts two stacks that the test has made and has to close.
func newPair(t *testing.T, cable *wire.Segment, ours, peer *Stack) *pair {
	return &pair{suite.PairOf(t, underTest, cable, ours, peer), ours, peer}
}
