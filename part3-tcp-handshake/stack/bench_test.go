package stack

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The addresses of the tests: ours, and those of hosts that the test plays.
var (
	ourMAC   = MAC{0x02, 0, 0, 0, 0, 0x04}
	ourIP    = netip.MustParseAddr("10.0.0.4")
	ourLink  = netip.MustParsePrefix("10.0.0.4/24")
	peerMAC  = MAC{0x02, 0, 0x0a, 0, 0, 0x01}
	peerIP   = netip.MustParseAddr("10.0.0.1")
	otherMAC = MAC{0x02, 0, 0, 0, 0, 0x99}
	otherIP  = netip.MustParseAddr("10.0.0.9")
	noIP     = netip.IPv4Unspecified()
)

// bench is a stack on one end of a cable, in virtual time. At the other end the
// test plays all other hosts.
type bench struct {
	*testing.T
	s     *Stack
	ours  *wire.End // the stack's end
	peer  *wire.End // the test's
	log   *logBuffer
	ended chan error

	mu   sync.Mutex
	sent []sentFrame // what the stack sent and the test has not looked at
}

type sentFrame struct {
	at    time.Duration // since the test began
	frame []byte
}

// logBuffer collects what the stack logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// onBench runs f with a running stack in a bubble of virtual time. When f
// returns, the stack is closed; a goroutine that is left would fail the test.
func onBench(t *testing.T, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		b := &bench{T: t, ours: seg.End(0), peer: seg.End(1), log: &logBuffer{}, ended: make(chan error, 1)}
		start := time.Now()
		seg.Observe(func(at time.Time, from int, frame []byte) {
			if from == 0 {
				if len(frame) > etherHeaderLen+1500 {
					b.Errorf("a frame of %d bytes was sent", len(frame))
				}
				b.mu.Lock()
				defer b.mu.Unlock()
				b.sent = append(b.sent, sentFrame{at.Sub(start), bytes.Clone(frame)})
			}
		})
		b.s = New(b.ours, testConfig(b.log))
		go func() { b.ended <- b.s.Run() }()
		defer b.close() // also when f fails the test
		f(b)
	})
}

func (b *bench) close() {
	b.do(func() { b.s.checkInvariants(b.T) })
	b.s.Close()
	if err := <-b.ended; err != nil {
		b.Errorf("Run returned %v", err)
	}
	b.peer.Close()
}

// testConfig is our host, with a trace.
func testConfig(log io.Writer) Config {
	cfg := quietConfig()
	cfg.Log, cfg.Trace = log, true
	return cfg
}

// quietConfig is our host, without a trace.
func quietConfig() Config {
	return Config{MAC: ourMAC, IP: ourLink, MTU: 1500, Gateway: peerIP, Rand: rand.NewChaCha8([32]byte{1})}
}

// send puts a frame on the cable and waits until the stack has dealt with it.
func (b *bench) send(frame []byte) {
	b.Helper()
	if _, err := b.peer.Write(frame); err != nil {
		b.Fatal(err)
	}
	b.advance(time.Millisecond)
}

// advance lets virtual time pass.
func (b *bench) advance(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// take returns what the stack has sent since the last call.
func (b *bench) take() []sentFrame {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.sent
	b.sent = nil
	return sent
}

// one returns the only frame that the stack has sent since the last take.
func (b *bench) one() []byte {
	b.Helper()
	sent := b.take()
	if len(sent) != 1 {
		b.Fatalf("the stack sent %d frames, want 1", len(sent))
	}
	return sent[0].frame
}

// silence fails the test if the stack has sent anything since the last take.
func (b *bench) silence() {
	b.Helper()
	for _, f := range b.take() {
		b.Errorf("sent at %v, want silence: %s", f.at, Describe(f.frame))
	}
}

// do runs f with the stack's lock held.
func (b *bench) do(f func()) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	f()
}

// wantDropped checks that exactly n packets were dropped for the reason, and
// that the trace says so.
func (b *bench) wantDropped(reason error, n uint64) {
	b.Helper()
	b.do(func() {
		if got := b.s.dropped[reason]; got != n {
			b.Errorf("%d dropped because %q, want %d", got, reason, n)
		}
	})
	if n > 0 {
		b.wantLog("dropped: " + reason.Error())
	}
}

// wantLog checks that the log has a line with text in it.
func (b *bench) wantLog(text string) {
	b.Helper()
	if log := b.log.String(); !strings.Contains(log, text) {
		b.Errorf("no line with %q in the log:\n%s", text, log)
	}
}

// known returns what the table says of a neighbour: its MAC and state.
func (b *bench) known(ip netip.Addr) (mac MAC, state neighbourState) {
	b.do(func() {
		state = neighbourNone
		if n := b.s.arp.neighbours[ip]; n != nil {
			mac, state = n.mac, n.state
		}
	})
	return mac, state
}

func (b *bench) wantKnown(ip netip.Addr, mac MAC, state neighbourState) {
	b.Helper()
	if m, st := b.known(ip); m != mac || st != state {
		b.Errorf("the table has %v at %v, %s; want %v, %s", ip, m, st, mac, state)
	}
}

// arpFrame builds an ARP packet in its frame with gopacket, an implementation
// that is not ours. change may spoil it before it is put together.
func arpFrame(dst, src MAC, op uint16, sha MAC, spa netip.Addr, tha MAC, tpa netip.Addr, change ...func(*layers.Ethernet, *layers.ARP)) []byte {
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr(src[:]), DstMAC: net.HardwareAddr(dst[:]),
		EthernetType: layers.EthernetTypeARP,
	}
	arp := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4,
		HwAddressSize: 6, ProtAddressSize: 4, Operation: op,
		SourceHwAddress: sha[:], SourceProtAddress: spa.AsSlice(),
		DstHwAddress: tha[:], DstProtAddress: tpa.AsSlice(),
	}
	for _, f := range change {
		f(eth, arp)
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{}, eth, arp); err != nil {
		panic(err)
	}
	return buf.Bytes()[:etherHeaderLen+arpLen] // without gopacket's padding
}

// request is the question "who has tpa?", asked by spa at sha.
func request(sha MAC, spa, tpa netip.Addr) []byte {
	return arpFrame(broadcastMAC, sha, layers.ARPRequest, sha, spa, MAC{}, tpa)
}

// reply is the answer "spa is at sha", sent to us.
func reply(sha MAC, spa netip.Addr) []byte {
	return arpFrame(ourMAC, sha, layers.ARPReply, sha, spa, ourMAC, ourIP)
}

// wantARP checks with gopacket that a frame is the ARP packet that it should
// be, from us.
func (b *bench) wantARP(frame []byte, dst MAC, op uint16, spa netip.Addr, tha MAC, tpa netip.Addr) {
	b.Helper()
	want := arpFrame(dst, ourMAC, op, ourMAC, spa, tha, tpa)
	if !bytes.Equal(frame, want) {
		b.Errorf("sent %s\n got % x\nwant % x", Describe(frame), frame, want)
	}
}
