package stack

import (
	"strings"
	"testing"

	"framebyframe/shared/script"
	"framebyframe/shared/suite"
)

// tcpBench is a bench with a listener on port 80, for tests that play a script and then look inside of the stack. What
// scripts can call is the suite's.
type tcpBench struct {
	*bench
	l     *Listener
	cfg   script.Config
	suite *suite.Bench
}

// onTCPBench runs f with a stack that listens on port 80.
func onTCPBench(t *testing.T, f func(b *tcpBench)) {
	t.Helper()
	onBench(t, func(plain *bench) {
		l, err := plain.s.Listen(80)
		if err != nil {
			plain.Fatal(err)
		}
		b := &tcpBench{bench: plain, l: l, cfg: script.Config{
			Device: plain.peer, PeerMAC: peerMAC, StackMAC: ourMAC, PeerIP: peerIP, StackIP: ourIP,
			StackPort: 80, DF: script.DFSet,
		}}
		b.suite = suite.BenchFor(plain.T, underTest, plain.s, suite.Listener{
			Accept: func() (suite.Conn, error) { return l.AcceptTCP() }, Close: l.Close,
		})
		f(b)
	})
}

func (b *tcpBench) play(text string) {
	b.Helper()
	b.newPeer(text).Close()
}

// newPeer plays a script and returns the peer, for segments that no script has. Its user has to close it.
func (b *tcpBench) newPeer(text string) *script.Peer {
	b.Helper()
	if strings.Contains(text, "do! dial") {
		b.cfg.StackPort = 0
	}
	p := script.NewPeer(b.T, b.cfg)
	p.Play(text, b.calls())
	return p
}

// calls are what scripts can do with the stack.
func (b *tcpBench) calls() script.Calls { return b.suite.Calls(b.cfg.StackPort == 80, b.cfg.StackISS) }

// kept is what accept or dial returned last.
func (b *tcpBench) kept() *Conn {
	c, _ := b.suite.Kept().(*Conn)
	return c
}
