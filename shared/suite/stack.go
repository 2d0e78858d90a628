package suite

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"

	"framebyframe/shared/suite/outside"
	"framebyframe/shared/suite/scripts"
	"framebyframe/shared/wire"
)

// A Stack says how the stack of one part is made and used. A part's suite_test.go fills it in, and Run does
// the rest. S is the part's *Stack, so that its own tests can have one on a Bench.
type Stack[S Host] struct {
	Part int // which scripts fit; 0: the number of the part whose package S is from

	New    func(dev wire.Device, cfg Config) S
	Listen func(s S, port uint16) (Listener, error)
	Dial   func(ctx context.Context, s S, to netip.AddrPort) (Conn, error)

	// What follows is for tests alone. A part leaves out what it has not, and the suite what it needs it for.

	// State is the state of the connection with a port of the peer, or "" if there is none.
	State func(s S, peerPort uint16) string
	// SetISS has the connection that is opened next, at once, begin with a number. Without a local port it is
	// one that the stack opens; the port that it will have is returned.
	SetISS func(s S, peer netip.AddrPort, local uint16, iss uint32) uint16
	// SetReceiveBuffer has a connection take no more than n bytes that nobody has read.
	SetReceiveBuffer func(c Conn, n int)
	// Figures are cwnd and ssthresh, in bytes, srtt and rto, in milliseconds, of the connection with a port of the peer.
	Figures func(s S, peerPort uint16) map[string]int
	// Meet has the stack know a neighbour's MAC address without a word on the cable.
	Meet func(s S, ip netip.Addr, mac [6]byte)
	// Left says what a stack has left of connections, of their buffers and of packets that wait; "" is nothing.
	Left func(s S) string
	// Ended checks that no timer of a connection runs. It returns the error with which the connection has ended.
	Ended func(t *testing.T, c Conn) error
	// CheckInvariants checks what must hold whenever the stack's lock is free.
	CheckInvariants func(t *testing.T, s S)
}

// A Host is a stack that has been made.
type Host interface {
	Run() error
	Close() error
}

// A Conn is a connection. What can be done with it depends on the part: the suite asks for a method, such as
// Write, when a script needs it.
type Conn any

// A Listener waits for connections to a port. Net is the same for programs, from the part on that has them.
type Listener struct {
	Net    net.Listener
	Accept func() (Conn, error)
	Close  func() error
}

// Config is what the suite has a stack be.
type Config struct {
	MAC     [6]byte
	IP      netip.Prefix
	MTU     int
	Gateway netip.Addr
	Rand    io.Reader
	Log     io.Writer // nil: no log, and no trace
	NoSACK  bool
}

// The hosts of the suite: the stack, whoever is at the other end of its cable, and one more who is not there.
var (
	OurMAC   = [6]byte{0x02, 0, 0, 0, 0, 0x04}
	OurIP    = netip.MustParseAddr("10.0.0.4")
	PeerMAC  = [6]byte{0x02, 0, 0x0a, 0, 0, 0x01}
	PeerIP   = netip.MustParseAddr("10.0.0.1")
	OtherMAC = [6]byte{0x02, 0, 0, 0, 0, 0x99}
	OtherIP  = netip.MustParseAddr("10.0.0.9")
)

// Ours is the stack under test, Peers one at the other end.
func Ours() Config {
	return Config{MAC: OurMAC, IP: netip.PrefixFrom(OurIP, 24), MTU: 1500, Gateway: PeerIP, Rand: rand.NewChaCha8([32]byte{1})}
}

func Peers() Config {
	return Config{MAC: PeerMAC, IP: netip.PrefixFrom(PeerIP, 24), MTU: 1500, Rand: rand.NewChaCha8([32]byte{2})}
}

// kind is a Stack whose type has been forgotten, so that only the adapter has to know it.
type kind struct {
	part             int
	new              func(dev wire.Device, cfg Config) Host
	listen           func(s Host, port uint16) (Listener, error)
	dial             func(ctx context.Context, s Host, to netip.AddrPort) (Conn, error)
	state            func(s Host, peerPort uint16) string
	setISS           func(s Host, peer netip.AddrPort, local uint16, iss uint32) uint16
	setReceiveBuffer func(c Conn, n int)
	figures          func(s Host, peerPort uint16) map[string]int
	meet             func(s Host, ip netip.Addr, mac [6]byte)
	left             func(s Host) string
	ended            func(t *testing.T, c Conn) error
	check            func(t *testing.T, s Host)
}

func kindOf[S Host](st Stack[S]) *kind {
	k := &kind{
		part:             st.Part,
		new:              func(dev wire.Device, cfg Config) Host { return st.New(dev, cfg) },
		listen:           func(s Host, port uint16) (Listener, error) { return st.Listen(s.(S), port) },
		dial:             func(ctx context.Context, s Host, to netip.AddrPort) (Conn, error) { return st.Dial(ctx, s.(S), to) },
		setReceiveBuffer: st.SetReceiveBuffer,
		ended:            st.Ended,
		check:            func(*testing.T, Host) {},
	}
	if st.State != nil {
		k.state = func(s Host, peerPort uint16) string { return st.State(s.(S), peerPort) }
	}
	if st.SetISS != nil {
		k.setISS = func(s Host, peer netip.AddrPort, local uint16, iss uint32) uint16 {
			return st.SetISS(s.(S), peer, local, iss)
		}
	}
	if st.Figures != nil {
		k.figures = func(s Host, peerPort uint16) map[string]int { return st.Figures(s.(S), peerPort) }
	}
	if st.Meet != nil {
		k.meet = func(s Host, ip netip.Addr, mac [6]byte) { st.Meet(s.(S), ip, mac) }
	}
	if st.Left != nil {
		k.left = func(s Host) string { return st.Left(s.(S)) }
	}
	if st.CheckInvariants != nil {
		k.check = func(t *testing.T, s Host) { st.CheckInvariants(t, s.(S)) }
	}
	return k
}

// with is the same kind of stack, but made with what change returns.
func (k *kind) with(change func(dev wire.Device, cfg Config) (wire.Device, Config)) *kind {
	changed := *k
	changed.new = func(dev wire.Device, cfg Config) Host { return k.new(change(dev, cfg)) }
	return &changed
}

var partDir = regexp.MustCompile(`(?:^|/)part(\d+)-[^/]*`)

// partOf is the part whose package declares a type.
func partOf(t reflect.Type) (int, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	m := partDir.FindStringSubmatch(t.PkgPath())
	if m == nil {
		return 0, fmt.Errorf("%s is no part's package: say in Stack.Part which scripts fit", t.PkgPath())
	}
	return strconv.Atoi(m[1])
}

// Run plays all that fits a part: the scripts of shared/suite/scripts and the tests that are written in Go.
// A test is called TestSuite/FILE/NAME.
func Run[S Host](t *testing.T, st Stack[S]) {
	t.Helper()
	k := kindOf(st)
	if k.part == 0 {
		var err error
		if k.part, err = partOf(reflect.TypeFor[S]()); err != nil {
			t.Fatal(err)
		}
	}
	all, err := scripts.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		playFile(t, k, f)
	}
	playOutside(t, k)
	for _, g := range goTests {
		if g.from <= k.part && (g.until == 0 || k.part <= g.until) {
			t.Run(g.name, func(t *testing.T) { g.run(t, k) })
		}
	}
}

// playOutside runs what can be seen from outside, below TCP.
func playOutside(t *testing.T, k *kind) {
	t.Run("outside", func(t *testing.T) {
		for _, c := range outside.All() {
			if c.From > k.part {
				continue
			}
			t.Run(c.File()+", "+c.Name, func(t *testing.T) {
				onBench(t, k, Ours(), func(b *Bench) {
					c.Play(b, outside.Setup{
						Device: b.Peer, Us: outside.Host{MAC: PeerMAC, IP: PeerIP}, Stack: outside.Host{MAC: OurMAC, IP: OurIP},
						Late: 10 * time.Millisecond, Quiet: 10 * time.Millisecond,
					})
				})
			})
		}
	})
}

// A goTest is what a script cannot say.
type goTest struct {
	name        string
	from, until int
	run         func(t *testing.T, k *kind)
}

var goTests = []goTest{
	{"states", 3, 0, testStates},
	{"open states", 4, 0, testOpenStates},
	{"a stream each way, over the wrap", 4, 0, testScriptTransfer},
	{"byte by byte", 4, 0, testScriptReadByteByByte},
	{"old connection in TIME-WAIT", 4, 0, testScriptTimeWaitOldConn},
	{"linger timeout", 4, 0, testScriptLingerTimeout},
	{"a new connection's numbers", 4, 0, testTimeWaitISS},
	{"the window's edge", 4, 0, testReceiveWindowEdge},
	{"urgent news", 4, 0, testUrgentNews},
	{"a Write that fails", 4, 0, testWritePartly},
	{"a Write that waits", 4, 0, testWriteWaits},
	{"a transfer under attack", 4, 0, testAttackedTransfer},
	{"two ends pulled apart", 4, 0, testACKLoop},
	{"transfer one way", 4, 0, testTransferOneWay},
	{"transfer both ways", 4, 0, testTransferBothWays},
	{"Nagle meets delayed ACK", 4, 0, testNagleMeetsDelayedACK},
	{"concurrent writes", 4, 0, testConcurrentWrites},
	{"concurrent reads", 4, 0, testConcurrentReads},
	{"concurrent methods", 4, 0, testConcurrentMethods},
	{"as package net", 4, 0, testConnAsPackageNet},
	{"Close ends what waits", 4, 0, testConnCloseUnblocks},
	{"Close of the stack ends what waits", 4, 0, testStackCloseUnblocks},
	{"a reset by the peer", 4, 0, testConnReset},
	{"Close with data unread", 4, 0, testConnCloseUnread},
	{"CloseWrite", 4, 0, testConnCloseWrite},
	{"CloseRead", 4, 0, testConnCloseRead},
	{"linger times", 4, 0, testConnLingerLimits},
	{"linger 0", 4, 0, testLingerZero},
	{"linger until delivered", 4, 0, testLingerDelivered},
	{"linger in vain", 4, 0, testLingerInVain},
	{"an orphan", 4, 0, testOrphan},
	{"deadlines in the past", 4, 0, testDeadlinePast},
	{"deadlines in the future", 4, 0, testDeadlineFuture},
	{"deadlines that move", 4, 0, testDeadlineMoved},
	{"deadlines of one direction", 4, 0, testDeadlineOneDirection},
	{"errors of a dial", 4, 0, testDialErrors},
	{"forms of an address", 4, 0, testDialForms},
	{"context of a dial", 4, 0, testDialContext},
	{"a dial given up at any moment", 4, 0, testDialGivenUpAnytime},
	{"addresses", 4, 0, testConnAddresses},
	{"Close of a listener", 4, 0, testListenerClose},
	{"many Accepts", 4, 0, testListenerConcurrentAccept},
	{"a listener closed at any moment", 4, 0, testListenerClosedAnytime},
	{"a stack closed under load", 4, 0, testStackClosedAnytime},
	{"nettest", 4, 0, testConnIsNetConn},
	{"TLS", 4, 0, testTLS},
	{"HTTP keep-alive", 4, 0, testHTTPKeepAlive},
	{"HTTP POST", 4, 0, testHTTPPost},
	{"HTTP not found", 4, 0, testHTTPNotFound},
	{"HTTP pipelining", 4, 0, testHTTPPipelining},
	{"HTTP handlers that misbehave", 4, 0, testBadHandlers},
	{"slowloris", 4, 0, testAttackSlowloris},
	{"HTTP to ourselves", 4, 0, testHTTPToSelf},
	{"transfer to ourselves", 4, 0, testTransferToSelf},
	{"services survive their peers", 4, 0, testServicesSurvivePeers},
	{"initial window", 5, 0, testScriptInitialWindow},
	{"slow start", 5, 0, testCongestionSlowStart},
	{"restart after idle", 5, 0, testCongestionIdleRestart},
	{"tail loss probe that repairs", 5, 0, testTLPLoss},
	{"reneging", 5, 0, testScriptReneging},
	{"NewReno again", 5, 0, testScriptNewRenoAgain},
	{"a window that was not used", 5, 0, testWindowNotUsed},
	{"smaller once", 5, 0, testSmallerOnce},
	{"paced on a long path", 5, 0, testFarIsPaced},
	{"patient with late ACKs", 5, 0, testPatientWithLateACKs},
	{"a timeout behind probes", 5, 0, testTimeoutBehindProbes},
	{"persist for hours", 5, 0, testPersistForHours},
	{"a window taken back for hours", 5, 0, testWindowTakenBack},
	{"a reset into a closed window", 5, 0, testResetIntoClosedWindow},
	{"a closed window without a user", 5, 0, testClosedWindowWithoutUser},
	{"keep-alives often", 5, 0, testKeepAliveOften},
	{"negative advice", 5, 0, testNegativeAdvice},
	{"no negative advice", 5, 0, testNoNegativeAdvice},
	{"ARP poisoning under a connection", 5, 0, testPoisonedConnection},
	{"what is sent again is identical", 5, 0, testRetransmissionIsIdentical},
	{"many dial at once", 5, 0, testDialManyAtOnce},
	{"transfer with faults", 5, 0, testTransferFaults},
	{"transfer over a cable that is cut", 5, 0, testTransferCableCut},
	{"transfer with faults, no SACK", 5, 0, testTransferFaultsPlain},
	{"one history", 5, 0, testTransferOneHistory},
	{"any cable", 5, 0, testAnyCable},
	{"random programs", 5, 0, testRandomPrograms},
	{"all calls at once", 5, 0, testAllCalls},
	{"a peer that does not answer is a timeout", 5, 0, testConnTimeout},
	{"clients disappear", 5, 0, testClientsDisappear},
	{"transfer over a device that refuses frames", 5, 0, testTransferMoodyDevice},
	{"idle for a week", 5, 0, testIdleForAWeek},
	{"sixty days", 5, 0, testSixtyDays},
}
