package script

import (
	"bytes"
	"net/netip"
	"sync"
	"testing/synctest"
	"time"
)

// TB is what a script needs of a *testing.T.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Peer is the host at the other end of the stack's cable, played by scripts.
type Peer struct {
	t      TB
	cfg    Config
	start  time.Time
	calls  Calls
	conns  map[connKey]*conn
	names  map[string]uint32 // of timestamps and ports
	open   []*running        // calls that do! has started and no line has ended
	ended  chan struct{}     // closed when nobody reads the device any more
	anchor time.Duration     // when the line before happened
	heard  time.Duration     // when the last segment that a line wanted came
	gap    time.Duration     // from the one before it to that one
	sent   time.Duration     // when the peer last sent something

	mu      sync.Mutex
	queue   []arrival
	wake    chan struct{} // holds something after a change of the queue
	history []event
}

// connKey names a connection. The stack has one IP.
type connKey struct {
	ip          netip.Addr
	peer, stack uint16
}

// conn is what the peer knows of a connection.
type conn struct {
	iss   uint32 // the stack's
	known bool
	sent  []received // what the stack sent, for an ICMP error to quote

	// For scripts that are played from outside: the last ACK and its window, where the stack's stream ends,
	heard     bool
	ack, next uint32
	win       uint16
	stream    map[uint32]byte // the bytes of it that have come,
	said      Segment         // the last segment of all, and when it came;
	saidAt    time.Duration   //
	asked     Segment         // what the peer sent last,
	peerFIN   bool            // whether the peer has closed;
	told      bool            // and what the peer has said: how long a segment may be, and up to where.
	mss       int
	scale     uint16
	edge      uint32
}

// maxQuotable is how many of a connection's segments can be quoted.
const maxQuotable = 256

// arrival is a frame from the stack that no line has looked at.
type arrival struct {
	at    time.Duration
	frame []byte
	seen  *received // a line has looked at it already, and has left this of it
}

// event is one line of the exchange, in the notation.
type event struct {
	at   time.Duration
	text string
}

// NewPeer plugs a peer into c.Device, for a test that plays several scripts, or
// segments that it makes itself, with one stack. It has to be called in a
// synctest bubble, as the stack has to live in one.
func NewPeer(t TB, c Config) *Peer {
	t.Helper()
	p := &Peer{
		t: t, cfg: c.withDefaults(), start: time.Now(),
		conns: make(map[connKey]*conn), names: make(map[string]uint32),
		ended: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	if !p.realTime() && !inBubble() {
		close(p.ended)
		t.Fatalf("a script needs virtual time: call it inside synctest.Test, where the stack was made")
		return p
	}
	go p.read()
	return p
}

func inBubble() (yes bool) {
	defer func() { yes = recover() == nil }()
	synctest.Wait() // panics outside
	return true
}

// Close closes the device and waits until nothing of the peer runs any more.
func (p *Peer) Close() {
	p.cfg.Device.Close()
	<-p.ended
}

// Now is the time since NewPeer.
func (p *Peer) Now() time.Duration { return p.now() }

func (p *Peer) now() time.Duration { return time.Since(p.start) }

// read takes what the stack sends off the device.
func (p *Peer) read() {
	defer close(p.ended)
	buf := make([]byte, 1<<17) // longer than any frame, so that none is cut
	for {
		n, err := p.cfg.Device.Read(buf)
		if err != nil {
			return
		}
		frame := bytes.Clone(buf[:n])
		if isARP(frame) {
			p.answerARP(frame)
			continue
		}
		p.mu.Lock()
		p.queue = append(p.queue, arrival{at: p.now(), frame: frame})
		p.mu.Unlock()
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

func (p *Peer) record(at time.Duration, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history = append(p.history, event{at, text})
}

// settle lets everything happen that happens at this instant.
func (p *Peer) settle() {
	if !p.realTime() {
		synctest.Wait()
	}
}

// pop takes the oldest arrival from the queue, peek leaves it there.
func (p *Peer) pop() (a arrival, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return a, false
	}
	a = p.queue[0]
	p.queue = p.queue[1:]
	return a, true
}

func (p *Peer) peek() (a arrival, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return a, false
	}
	return p.queue[0], true
}

// await waits for the queue to change, at most up to the given time. It returns
// false when that time has come.
func (p *Peer) await(until time.Duration) bool {
	d := until - p.now()
	if d <= 0 {
		p.settle()
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.wake:
		return true
	case <-timer.C:
		p.settle()
		return false
	}
}
