package script

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

var (
	peerMAC  = [6]byte{0x02, 0, 0x0a, 0, 0, 0x01}
	stackMAC = [6]byte{0x02, 0, 0, 0, 0, 0x04}
	peerIP   = netip.MustParseAddr("10.0.0.1")
	otherIP  = netip.MustParseAddr("10.0.0.9")
	stackIP  = netip.MustParseAddr("10.0.0.4")
)

// caught is a TB that keeps what a script says of its failure.
type caught struct {
	mu   sync.Mutex
	text []string
}

func (c *caught) Helper() {}
func (c *caught) Fatalf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, fmt.Sprintf(format, args...))
}
func (c *caught) String() string { return strings.Join(c.text, "\n") }

// stackISS is the fake stack's initial sequence number. The stream wraps in it.
const stackISS = Wrap

// reply is one frame of the fake stack, some time after what caused it.
type reply struct {
	after time.Duration
	text  string
	spoil func(frame []byte) []byte
}

// fake is a stack that knows nothing: after the nth frame that it gets, it sends
// what its table has for n; entry 0 is sent at the start.
type fake struct {
	dev  *wire.End
	flow Flow // from the stack to the peer
	says [][]reply
	got  [][]byte
	done chan struct{}
}

func newFake(dev *wire.End, says [][]reply) *fake {
	f := &fake{dev: dev, says: says, done: make(chan struct{})}
	f.flow = Flow{
		SrcMAC: stackMAC, DstMAC: peerMAC, SrcIP: stackIP, DstIP: peerIP,
		SrcPort: 80, DstPort: 8000, SrcISS: stackISS, DstISS: defaultISS,
	}
	return f
}

func (f *fake) run() {
	defer close(f.done)
	f.say(0)
	buf := make([]byte, 2000)
	for {
		n, err := f.dev.Read(buf)
		if err != nil {
			return
		}
		f.got = append(f.got, slices.Clone(buf[:n]))
		f.say(len(f.got))
	}
}

func (f *fake) say(n int) {
	if n >= len(f.says) {
		return
	}
	for i, r := range f.says[n] {
		frame := f.build(r)
		if r.after == 0 {
			f.dev.Write(frame)
			continue
		}
		// No two in the same instant, or any of them could be the first.
		time.AfterFunc(r.after+time.Duration(i)*time.Microsecond, func() { f.dev.Write(frame) })
	}
}

func (f *fake) build(r reply) []byte {
	if r.text == "" {
		return r.spoil(nil)
	}
	s, err := ParseSegment(r.text)
	if err != nil {
		panic(err)
	}
	flow := f.flow
	if !s.From.isZero() {
		flow.SrcPort, flow.DstPort = s.From.Port, s.To.Port
	}
	if s.To.IP.IsValid() {
		flow.DstIP = s.To.IP
	}
	frame, err := s.Frame(flow)
	if err != nil {
		panic(err)
	}
	if r.spoil != nil {
		frame = r.spoil(frame)
	}
	return frame
}

// scene is a script, the fake stack's lines, and what it should all come to.
type scene struct {
	text  string
	says  [][]reply
	calls Calls
	cfg   func(*Config)
	fails []string // texts that the failure must have; none: the script passes
	check func(t *testing.T, f *fake)
}

// say is an entry of a fake's table without delays and faults.
func say(texts ...string) (all []reply) {
	for _, text := range texts {
		all = append(all, reply{text: text})
	}
	return all
}

func later(after time.Duration, text string) []reply { return []reply{{after: after, text: text}} }

// play plays the scene in a bubble of its own and returns the failure.
func (sc scene) play(t *testing.T) string {
	t.Helper()
	tb := &caught{}
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		f := newFake(seg.End(0), sc.says)
		cfg := Config{
			Device: seg.End(1), PeerMAC: peerMAC, StackMAC: stackMAC, PeerIP: peerIP, StackIP: stackIP,
			StackPort: 80, Link: seg.End(0).SetLink,
		}
		if sc.cfg != nil {
			sc.cfg(&cfg)
		}
		f.flow.DstISS = cfg.withDefaults().PeerISS
		go f.run()
		Run(tb, cfg, sc.text, sc.calls)
		time.Sleep(time.Hour) // a call that a failed script has left returns
		f.dev.Close()
		<-f.done
		if sc.check != nil {
			sc.check(t, f)
		}
	})
	return tb.String()
}

// run plays the scene and compares its end with what it should be.
func (sc scene) run(t *testing.T) {
	t.Helper()
	failure := sc.play(t)
	if len(sc.fails) == 0 && failure != "" {
		t.Errorf("the script failed:\n%s", failure)
	}
	for _, want := range sc.fails {
		if !strings.Contains(failure, want) {
			t.Errorf("the failure does not say %q:\n%s", want, failure)
		}
	}
}

func runAll(t *testing.T, scenes map[string]scene) {
	for name, sc := range scenes {
		t.Run(name, sc.run)
	}
}

// The handshake that most scenes begin with, and the fake's side of it.
const handshake = `
	+0 < S 0:0(0) win 1000 <mss 1460>
	+0 > S. 0:0(0) ack 1 <mss 1460>
	+0 < . 1:1(0) ack 1 win 257
`

func shaken(rest ...[]reply) [][]reply {
	return append([][]reply{nil, say("S. 0:0(0) ack 1 win 65535 <mss 1460>"), nil}, rest...)
}
