package stack

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// onListening is onBench with a listener on port 80.
func onListening(t *testing.T, f func(b *bench, l *Listener)) {
	t.Helper()
	onBench(t, func(b *bench) {
		l, err := b.s.Listen(80)
		if err != nil {
			b.Fatal(err)
		}
		b.Listen(listenerOf(l))
		f(b, l)
	})
}

// conn returns the connection with a port of the peer, or nil. The lock is held.
func (b *bench) conn(peerPort uint16) *Conn {
	for key, c := range b.s.tcp.conns {
		if key.remotePort == peerPort {
			return c
		}
	}
	return nil
}

// state is the state of the connection with a port of the peer, or what its next
// segment would find.
func (b *bench) state(peerPort uint16) (state tcpState) {
	b.do(func() {
		c := b.conn(peerPort)
		switch {
		case c != nil:
			state = c.state
		case b.Script.StackPort == 80 && b.s.tcp.listeners[80] != nil:
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

// dialled is a stack in SYN-SENT.
const dialled = `
	+0 do! dial
	+0 > S 0:0(0) <mss 1460,...>
`

// A tcpLeg is a leg in which a script is played.
type tcpLeg struct {
	title, script string
	stations      []string
}

// playLegs plays a script, and then each of the legs.
func (b *bench) playLegs(first string, legs ...tcpLeg) {
	b.Helper()
	b.meet()
	p := b.NewPeer(first)
	defer p.Close()
	for _, l := range legs {
		b.leg(l.title, func() { p.Play(l.script) }, l.stations...)
	}
}

// parsedTCP returns what parse reads, for tests that want it in one piece.
func parsedTCP(b []byte, src, dst netip.Addr) (seg segment, err error) {
	err = seg.parse(b, src, dst)
	return seg, err
}

// optionsIn returns what parse makes of a list of options.
func optionsIn(list []byte) (o tcpOptions) {
	o.parse(list)
	return o
}

// tcpFrame is a segment from the peer's port 8000 to our port 80, in its frame.
func tcpFrame(seg segment) []byte {
	seg.srcPort, seg.dstPort = 8000, 80
	return forge(peerIP, seg)
}

// segmentQuote is the beginning of a segment of ours, as an ICMP error quotes it.
func segmentQuote(key connKey, seq seqNum, ip *layers.IPv4) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b[0:], key.localPort)
	binary.BigEndian.PutUint16(b[2:], key.remotePort)
	binary.BigEndian.PutUint32(b[4:], uint32(seq))
	ip.Protocol = layers.IPProtocolTCP
	return ipv4Frame(ip, b)[etherHeaderLen:]
}

// strangers are segments of those who know a connection's addresses and ports, but not its
// numbers. seq and ack are the right ones.
func strangers(seq, ack seqNum) []segment {
	return []segment{
		{flags: flagRST, seq: seq + 1<<30},
		{flags: flagSYN, seq: seq + 1<<30},
		{flags: flagFIN, seq: seq},
		{flags: flagACK, seq: seq + 1<<30, ack: ack, wnd: 1},
		{flags: flagACK, seq: seq - 1, ack: ack + 1<<30, wnd: 1},
		{flags: flagACK, seq: seq, ack: ack - 1<<30, wnd: 1},
		{flags: flagACK, seq: seq - 1<<30, ack: ack, wnd: 1, data: []byte("x")},
		{flags: flagACK, seq: seq - 1, ack: ack + 1<<30, wnd: 1, data: []byte("x")},
	}
}

// mostChallenges is how many challenge ACKs one connection can send in a time.
func mostChallenges(d time.Duration) int {
	return (int(d/challengeInterval) + 2) * challengeLimit
}

// fuzzDatagram is a header for fixDatagram to finish, and a payload.
func fuzzDatagram(protocol uint8, payload []byte) []byte {
	d := append(make([]byte, ipv4MinHeaderLen), payload...)
	d[0], d[1], d[8], d[9] = 5, 8, 64, protocol
	copy(d[12:20], []byte{10, 0, 0, 1, 10, 0, 0, 4})
	return d
}

// peerConfig is the host at the other end of the cable, which is the gateway, too.
func peerConfig() Config { return configOf(suite.Peers()) }

// forge is a segment in its frame, from any address, by way of the peer's card.
func forge(src netip.Addr, seg segment) []byte {
	for len(seg.options)%4 != 0 {
		seg.options = append(seg.options, tcpOptionEnd)
	}
	n := seg.headerLen() + len(seg.data)
	frame := make([]byte, etherHeaderLen+ipv4MinHeaderLen+n)
	etherHeader{dst: ourMAC, src: peerMAC, etherType: etherTypeIPv4}.put(frame)
	ip := ipv4Header{ttl: 64, protocol: protocolTCP, src: src, dst: ourIP}
	ip.put(frame[etherHeaderLen:], n)
	tcp := frame[etherHeaderLen+ipv4MinHeaderLen:]
	copy(tcp[seg.headerLen():], seg.data)
	seg.put(tcp, src, ourIP)
	return frame
}

// connected has the peer connect from its port 8000 to our port 80, and keeps silent then.
func (d *direct) connected() *Conn {
	d.Helper()
	l, err := d.s.Listen(80)
	if err != nil {
		d.Fatal(err)
	}
	key := connKey{remote: peerIP.As4(), remotePort: 8000, localPort: 80}
	d.receive(tcpFrame(segment{flags: flagSYN, wnd: 60000, options: unhex("020405b4")}))
	d.s.mu.Lock()
	iss := d.s.tcp.conns[key].snd.iss
	d.s.mu.Unlock()
	d.receive(tcpFrame(segment{flags: flagACK, seq: 1, ack: iss + 1, wnd: 60000}))
	c, err := l.AcceptTCP()
	if err != nil {
		d.Fatal(err)
	}
	return c
}

// tcpDirect is a direct stack that listens on port 80: what comes is handed to it in batches, as by its device, and the
// segments that it sends in return are kept and counted. The stack's lock guards all of it, but when hit, open and pass
// return, nobody is left who does anything until one of them is called again: in between a test may look without.
type tcpDirect struct {
	*direct
	l     *Listener
	queue [][]byte // frames that wait to be read
	buf   [etherHeaderLen + 1500 + 1]byte

	out             []segment // what was sent since the last step
	forget          bool      // nothing is kept in out
	segments, bytes int       // sent: TCP segments, and bytes of whole frames
}

// onTCPDirect runs f with a stack that knows the peer's card, in virtual time.
func onTCPDirect(t *testing.T, f func(d *tcpDirect)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &tcpDirect{direct: &direct{T: t}}
		d.s = New(d, quietConfig())
		defer d.s.Close()
		l, err := d.s.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		d.l = l
		d.hit(request(peerMAC, peerIP, ourIP))
		f(d)
		d.check()
	})
}

func (d *tcpDirect) check() {
	d.Helper()
	d.locked(func() { d.s.checkInvariants(d.T) })
}

// pass lets time go on, and others do what there is to do by then, which may be now. The lock says that what the test has
// looked at so far it has before that.
func (d *tcpDirect) pass(t time.Duration) {
	d.locked(func() {})
	time.Sleep(t)
	synctest.Wait()
}

func (d *tcpDirect) Read(b []byte) (int, error) {
	if len(d.queue) == 0 {
		return 0, os.ErrClosed
	}
	frame := d.queue[0]
	d.queue = d.queue[1:]
	return copy(b, frame), nil
}

func (d *tcpDirect) Buffered() int { return len(d.queue) }

// Write takes a frame of the stack. The peer's card answers when it is asked for.
func (d *tcpDirect) Write(frame []byte) (int, error) {
	eth, packet, _ := parseEther(frame)
	if eth.etherType == etherTypeARP {
		time.AfterFunc(time.Microsecond, func() {
			d.locked(func() {
				if !d.s.closed {
					d.s.receiveFrame(reply(peerMAC, peerIP))
				}
			})
		})
		return len(frame), nil
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return len(frame), nil
	}
	d.segments++
	d.bytes += len(frame)
	if d.forget {
		return len(frame), nil
	}
	seg, err := parsedTCP(append([]byte(nil), payload...), h.src, h.dst)
	if err != nil {
		d.Errorf("sent a bad segment: %v", err)
	}
	d.out = append(d.out, seg)
	return len(frame), nil
}

// batch hands frames to the stack, as many at a time as it takes, and returns what it sends until they are dealt with.
func (d *tcpDirect) batch(frames ...[]byte) (out []segment) {
	d.locked(func() { d.out = nil })
	d.queue = append(d.queue[:0], frames...)
	for len(d.queue) > 0 {
		n, _ := d.Read(d.buf[:])
		if err := d.s.receiveBatch(d.buf[:], n); err != nil {
			d.Fatal(err)
		}
	}
	d.locked(func() { out = d.out })
	return out
}

// hit is batch, and then others do what there is to do.
func (d *tcpDirect) hit(frames ...[]byte) []segment {
	out := d.batch(frames...)
	synctest.Wait()
	return out
}

// open has the peer connect to port 80 from a port, with IRS 0.
func (d *tcpDirect) open(port uint16, options string) *Conn {
	d.Helper()
	seg := segment{srcPort: port, dstPort: 80, flags: flagSYN, wnd: 65535, options: unhex(options)}
	d.hit(forge(peerIP, seg))
	c := d.conn(port)
	if c == nil {
		d.Fatalf("port %d: the SYN opens nothing", port)
	}
	seg.flags, seg.seq, seg.ack, seg.options = flagACK, 1, c.snd.iss+1, nil
	d.hit(forge(peerIP, seg))
	if got, err := d.l.AcceptTCP(); err != nil || got != c {
		d.Fatalf("port %d: accepted %v, %v", port, got, err)
	}
	return c
}

// conn is the connection with a port of the peer, or nil.
func (d *tcpDirect) conn(port uint16) *Conn {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.s.tcp.conns[connKey{peerIP.As4(), port, 80}]
}

func (d *tcpDirect) state(c *Conn) tcpState {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return c.state
}

// garbage sends segments with all 256 combinations of flags, whose numbers are guessed
// wrongly, with and without data and nonsense for options: null, Christmas tree, SYN with
// FIN or RST. It returns how many there were, and how many were answered: each at most
// once, and no answer may ask for another.
func (d *tcpDirect) garbage(key connKey, rcvNxt, sndNxt seqNum, skip func(flags uint8) bool, random *rand.Rand) (tried, answered int) {
	d.Helper()
	for flags := range 256 {
		if skip(uint8(flags)) {
			continue
		}
		for _, n := range []int{0, 1, 1460} {
			seg := segment{
				srcPort: key.remotePort, dstPort: key.localPort, flags: uint8(flags), wnd: uint16(random.Uint32()), up: uint16(random.Uint32()),
				seq: rcvNxt + 1<<30 + seqNum(random.Int64N(1<<31)), ack: sndNxt + 1<<20 + seqNum(random.Int64N(1<<31)),
				data: make([]byte, n), options: make([]byte, 4*random.IntN(11)),
			}
			for i := range seg.options {
				seg.options[i] = byte(random.IntN(10))
			}
			got := d.hit(forge(peerIP, seg))
			if tried, answered = tried+1, answered+len(got); len(got) > 1 || seg.has(flagRST) && len(got) > 0 {
				d.Errorf("%v: answered by %v", seg, got)
			}
		}
	}
	d.pass(time.Millisecond)
	return tried, answered
}

// never is a skip for garbage.
func never(uint8) bool { return false }

// checkTCP checks what must hold of all connections and listeners.
func (s *Stack) checkTCP(t *testing.T) {
	half := make(map[*Conn]bool)
	for port, l := range s.tcp.listeners {
		if l.port != port || l.closed {
			t.Errorf("the listener of port %d is in the table at %d, closed: %v", l.port, port, l.closed)
		}
		s.checkListener(t, l)
		for _, c := range l.halfOpen {
			half[c] = true
		}
	}
	for key, c := range s.tcp.conns {
		s.checkConn(t, key, c)
		if half[c] != (c.listener != nil && c.state == stateSynReceived) {
			t.Errorf("%v is in %s, and among the half open: %v", key, c.state, half[c])
		}
	}
	s.checkOpen(t)
	if s.closed && len(s.tcp.conns)+len(s.tcp.listeners)+s.tcp.open.Len() > 0 {
		t.Errorf("the stack is closed, and has %d connections, %d listeners", len(s.tcp.conns), len(s.tcp.listeners))
	}
}

// checkOpen checks the list of those that count for maxConns.
func (s *Stack) checkOpen(t *testing.T) {
	if n := s.tcp.open.Len(); n > maxConns {
		t.Errorf("%d connections are open, at most %d", n, maxConns)
	}
	open := make(map[*Conn]bool)
	for e := s.tcp.open.Front(); e != nil; e = e.Next() {
		c := e.Value.(*Conn)
		if s.tcp.conns[c.key] != c || open[c] {
			t.Errorf("%v counts as open, and is not in the table, or twice", c.key)
		}
		open[c] = true
	}
	for key, c := range s.tcp.conns {
		if passive := c.listener != nil && c.state == stateSynReceived; open[c] == passive {
			t.Errorf("%v is in %s, and counts as open: %v", key, c.state, open[c])
		}
	}
}

func (s *Stack) checkConn(t *testing.T, key connKey, c *Conn) {
	if c.key != key || c.s != s || c.err != nil {
		t.Errorf("%v (%v) is in the table with the error %v", key, c.key, c.err)
	}
	if c.state == stateListen || c.state == stateClosed {
		t.Errorf("%v is in the table in %s", key, c.state)
	}
	snd, rcv := &c.snd, &c.rcv
	opening := c.state == stateSynSent || c.state == stateSynReceived
	if !snd.una.leq(snd.nxt) || opening != (snd.una == snd.iss) || opening && snd.nxt != snd.iss+1 {
		t.Errorf("%v is in %s: ISS %d, SND.UNA %d, SND.NXT %d", key, c.state, snd.iss, snd.una, snd.nxt)
	}
	if !opening && !snd.wl2.leq(snd.nxt) {
		t.Errorf("%v: SND.WL2 %d, SND.NXT %d", key, snd.wl2, snd.nxt)
	}
	if c.state == stateSynReceived && rcv.nxt != rcv.irs+1 {
		t.Errorf("%v is in %s: IRS %d, RCV.NXT %d", key, c.state, rcv.irs, rcv.nxt)
	}
	if snd.wnd < 0 || snd.wnd > snd.maxWnd || snd.maxWnd > 0xffff<<maxWindowShift || rcv.wnd < 0 {
		t.Errorf("%v: SND.WND %d, MAX.SND.WND %d, RCV.WND %d", key, snd.wnd, snd.maxWnd, rcv.wnd)
	}
	if snd.shift > maxWindowShift || c.state != stateSynSent && !c.scaling && snd.shift+rcv.shift > 0 {
		t.Errorf("%v: shifts %d and %d, scaling %v", key, snd.shift, rcv.shift, c.scaling)
	}
	for kind, count := range c.challenged {
		if count.n > challengeLimit {
			t.Errorf("%v: %d challenge ACKs of kind %d", key, count.n, kind)
		}
	}
}

func (s *Stack) checkListener(t *testing.T, l *Listener) {
	if len(l.halfOpen) > maxBacklog || len(l.ready) > maxBacklog {
		t.Errorf("port %d: %d half open, %d ready, at most %d each", l.port, len(l.halfOpen), len(l.ready), maxBacklog)
	}
	for i, c := range l.halfOpen {
		if s.tcp.conns[c.key] != c || c.listener != l || c.began.IsZero() {
			t.Errorf("%v is half open, and not in the table, or of another listener", c.key)
		}
		if i > 0 && c.began.Before(l.halfOpen[i-1].began) {
			t.Errorf("the half open are not in their order")
		}
	}
	ready := make(map[*Conn]bool)
	for _, c := range l.ready {
		if s.tcp.conns[c.key] != c || c.listener != l || c.state == stateSynReceived || ready[c] {
			t.Errorf("%v, in %s, is ready to be accepted, and should not be", c.key, c.state)
		}
		ready[c] = true
	}
}
