package suite

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/script"
	"framebyframe/shared/wire"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// A Bench is a stack at one end of a cable, in virtual time. At the other end the test plays all other hosts.
type Bench struct {
	*testing.T
	Host Host
	Ours *wire.End // the stack's end
	Peer *wire.End // the test's
	Log  *Log

	Script script.Config // the peer of scripts, which a test may change before it plays one

	kind  *kind
	ended chan error

	l         Listener // port 80
	listening bool
	ctx       context.Context // what dial gets
	cancel    context.CancelFunc

	mu   sync.Mutex
	last *stream // what accept or dial returned last
	sent []Frame // what the stack sent and the test has not looked at
}

// A Frame is one that the stack has sent.
type Frame struct {
	At    time.Duration // since the test began
	Bytes []byte
}

// Log collects what a stack logs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Events collects what a stack tells its observer, in the trace's words. The stack may go on while a test reads.
type Events struct {
	mu  sync.Mutex
	all []string
}

// Add adds an event.
func (e *Events) Add(event string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// Take returns what was added since the last Take.
func (e *Events) Take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

// OnBench runs f with a running stack in a bubble of virtual time. When f returns, the stack is closed; a
// goroutine that is left would fail the test.
func OnBench[S Host](t *testing.T, st Stack[S], f func(b *Bench, s S)) {
	t.Helper()
	onBench(t, kindOf(st), Ours(), func(b *Bench) { f(b, b.Host.(S)) })
}

func onBench(t *testing.T, k *kind, cfg Config, f func(b *Bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		b := &Bench{T: t, Ours: seg.End(0), Peer: seg.End(1), Log: &Log{}, kind: k, ended: make(chan error, 1)}
		start := time.Now()
		seg.Observe(func(at time.Time, from int, frame []byte) {
			if from != 0 {
				return
			}
			if len(frame) > 14+cfg.MTU {
				b.Errorf("a frame of %d bytes was sent", len(frame))
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.sent = append(b.sent, Frame{at.Sub(start), bytes.Clone(frame)})
		})
		b.Script = script.Config{
			Device: b.Peer, PeerMAC: PeerMAC, StackMAC: OurMAC, PeerIP: PeerIP, StackIP: OurIP,
			StackPort: 80, DF: script.DFSet,
		}
		cfg.Log = b.Log
		b.Host = k.new(b.Ours, cfg)
		b.ctx, b.cancel = context.WithCancel(context.Background())
		go func() { b.ended <- b.Host.Run() }()
		defer b.close() // also when f fails the test
		f(b)
	})
}

func (b *Bench) close() {
	b.cancel()
	b.kind.check(b.T, b.Host)
	b.Host.Close()
	if err := <-b.ended; err != nil {
		b.Errorf("Run returned %v", err)
	}
	b.Peer.Close()
}

// Send puts a frame on the cable and waits until the stack has dealt with it.
func (b *Bench) Send(frame []byte) {
	b.Helper()
	if _, err := b.Peer.Write(frame); err != nil {
		b.Fatal(err)
	}
	b.Advance(time.Millisecond)
}

// Advance lets virtual time pass.
func (b *Bench) Advance(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Take returns what the stack has sent since the last call.
func (b *Bench) Take() []Frame {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.sent
	b.sent = nil
	return sent
}

// One returns the only frame that the stack has sent since the last Take.
func (b *Bench) One() []byte {
	b.Helper()
	sent := b.Take()
	if len(sent) != 1 {
		b.Fatalf("the stack sent %d frames, want 1", len(sent))
	}
	return sent[0].Bytes
}

// WantLog checks that the log has a line with text in it.
func (b *Bench) WantLog(text string) {
	b.Helper()
	if log := b.Log.String(); !strings.Contains(log, text) {
		b.Errorf("no line with %q in the log:\n%s", text, log)
	}
}

// Silence fails the test if the stack has sent anything since the last Take.
func (b *Bench) Silence() {
	b.Helper()
	for _, f := range b.Take() {
		b.Errorf("sent at %v, want silence: %v", f.At, gopacket.NewPacket(f.Bytes, layers.LayerTypeEthernet, gopacket.Default))
	}
}

// WantARP checks with gopacket that a frame is the ARP packet that it should be, from us.
func (b *Bench) WantARP(frame []byte, dst [6]byte, op uint16, spa netip.Addr, tha [6]byte, tpa netip.Addr) {
	b.Helper()
	if want := ARPFrame(dst, OurMAC, op, OurMAC, spa, tha, tpa); !bytes.Equal(frame, want) {
		b.Errorf("sent\n     % x\nwant % x", frame, want)
	}
}
