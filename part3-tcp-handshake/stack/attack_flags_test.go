package stack

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"framebyframe/shared/suite"
)

// Segments that no honest host sends, in each state (RFC 9293 3.10.7). A SYN alone is none
// of them in LISTEN, where it opens a connection, nor in SYN-SENT, where it is believed
// whatever its number is (3.5, figure 7).
func TestAttackFlags(t *testing.T) {
	random := rand.New(rand.NewPCG(9293, 3))
	opens := func(flags uint8) bool { return flags&(flagSYN|flagRST|flagACK) == flagSYN }
	states := map[tcpState]func(a *tcpDirect) (*Conn, connKey){
		stateListen: func(*tcpDirect) (*Conn, connKey) { return nil, connKey{peerIP.As4(), 7000, 80} },
		stateClosed: func(*tcpDirect) (*Conn, connKey) { return nil, connKey{peerIP.As4(), 7000, 81} },
		stateSynSent: func(a *tcpDirect) (*Conn, connKey) {
			a.s.mu.Lock()
			defer a.s.mu.Unlock()
			c, err := a.s.activeOpen(netip.AddrPortFrom(peerIP, 7000))
			if err != nil {
				a.Fatal(err)
			}
			return c, c.key
		},
		stateSynReceived: func(a *tcpDirect) (*Conn, connKey) {
			a.hit(forge(peerIP, segment{srcPort: 7000, dstPort: 80, flags: flagSYN, wnd: 1000}))
			return a.conn(7000), connKey{peerIP.As4(), 7000, 80}
		},
		stateEstablished: func(a *tcpDirect) (*Conn, connKey) {
			c := a.openWide(7000)
			return c, c.key
		},
	}
	tried, answered := 0, 0
	for _, state := range slices.Sorted(maps.Keys(states)) {
		onTCPDirect(t, func(a *tcpDirect) {
			c, key := states[state](a)
			skip, rcvNxt, sndNxt := never, seqNum(0), seqNum(0)
			if c != nil {
				rcvNxt, sndNxt = c.rcv.nxt, c.snd.nxt
			}
			if state == stateListen || state == stateSynSent {
				skip = opens
			}
			n, m := a.garbage(key, rcvNxt, sndNxt, skip, random)
			tried, answered = tried+n, answered+m
			if c != nil && a.state(c) != state {
				t.Errorf("%s: then it is in %s", state, c.state)
			}
			if c == nil && len(a.s.tcp.conns) != 0 {
				t.Errorf("%s: %d connections are open", state, len(a.s.tcp.conns))
			}
		})
	}
	suite.Row{Area: "attack", What: "nonsense for flags, in the states of the handshake", Source: "RFC 9293 3.10.7", Tried: fmt.Sprintf("%d segments in %d states, all 256 flags", tried, len(states)),
		Outcome: fmt.Sprintf("no state changed; %d answers, never more than one for a segment, none for a RST", answered)}.Report(t)
}

// Options (RFC 9293 3.1, MUST-7): "MUST be prepared to handle an illegal option length".
// Each kind with each length, wherever the list may end, in SYNs and in all else.
func TestAttackOptions(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.openWide(8000)
		nxt, una := c.rcv.nxt, c.snd.una
		tried := 0
		try := func(list []byte) {
			t.Helper()
			tried++
			syn := segment{srcPort: 7000, dstPort: 80, flags: flagSYN, wnd: 1000, options: list}
			a.hit(forge(peerIP, syn))
			half := a.conn(7000)
			if half == nil {
				a.Fatalf("options %x: the SYN opens nothing", list)
			}
			if half.snd.mss < minMSS || half.snd.shift > maxWindowShift {
				t.Errorf("options %x: MSS %d, shift %d", list, half.snd.mss, half.snd.shift)
			}
			a.hit(forge(peerIP, segment{srcPort: 7000, dstPort: 80, seq: 1, flags: flagRST}))
			a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: nxt, ack: una, flags: flagACK, wnd: 65535, options: list}))
		}
		for kind := range 256 {
			for length := range 44 {
				for _, size := range []int{4, 12, 40} {
					if kind > 10 && kind%16 != 0 && size > 4 {
						continue // as good as the others
					}
					list := make([]byte, size)
					for i := range list {
						list[i] = 0xff
					}
					at := (kind + length) % 3 // not always at the start
					list[0], list[1] = tcpOptionNOP, tcpOptionNOP
					list[at] = byte(kind)
					list[at+1] = byte(length)
					try(list)
				}
			}
		}
		for _, flood := range []string{ // full of one kind
			"01", "020405b4", "02040000", "02040001", "0204ffff", "03030f", "0303ff", "03030e", "0402", "080a", "0502", "0200", "fe02", "02",
		} {
			var list []byte
			for len(list)+len(unhex(flood)) <= 40 {
				list = append(list, unhex(flood)...)
			}
			try(list)
		}
		if a.state(c) != stateEstablished || c.rcv.nxt != nxt || c.snd.una != una {
			t.Errorf("the open connection is in %s", c.state)
		}
		suite.Row{Area: "attack", What: "malformed TCP options, and floods of them", Source: "RFC 9293 3.1, RFC 7323 2.3, CVE-2019-11479", Tried: fmt.Sprintf("%d lists, in a SYN and on an open connection each", tried),
			Outcome: fmt.Sprintf("each SYN answered, no MSS below %d and no shift above %d believed; the open connection untouched", minMSS, maxWindowShift)}.Report(t)
	})
}

// A segment whose checksum is wrong in any one bit is none (RFC 9293 3.1, MUST-3).
func TestAttackChecksum(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.openWide(8000)
		tried := 0
		for _, good := range [][]byte{
			forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt, flags: flagRST}),
			forge(peerIP, segment{srcPort: 7000, dstPort: 80, flags: flagSYN, options: unhex("020405b4")}),
		} {
			for bit := 8 * (etherHeaderLen + ipv4MinHeaderLen); bit < 8*len(good); bit++ {
				bad := append([]byte(nil), good...)
				bad[bit/8] ^= 1 << (bit % 8)
				tried++
				if got := a.hit(bad); len(got) > 0 {
					t.Errorf("with bit %d turned over it is answered by %v", bit, got)
				}
			}
		}
		if n := len(a.s.tcp.conns); n != 1 || a.state(c) != stateEstablished {
			t.Errorf("%d connections; the one is in %s", n, c.state)
		}
		suite.Row{Area: "attack", What: "wrong checksums", Source: "RFC 9293 3.1 (MUST-3)", Tried: fmt.Sprintf("%d segments with one wrong bit", tried), Outcome: "none answered, none believed"}.Report(t)
	})
}
