package stack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// What attackers do to TCP from below: segments in datagrams and frames that must not be
// answered, segments in tiny fragments, and forged ICMP errors (RFC 5927).

// To the datagrams that attack_ipv4_test.go sends with impossible addresses come segments
// that deserve an answer, a RST: "A TCP implementation MUST silently discard an incoming
// SYN segment that is addressed to a broadcast or multicast address" (RFC 9293 3.9.2.3,
// MUST-57), and it "MUST be ignored" if its source is invalid (MUST-63).
func init() {
	for name, seg := range map[string]segment{
		"SYN":  {flags: flagSYN, wnd: 1024},
		"ACK":  {flags: flagACK, seq: 1, ack: 1, wnd: 1024},
		"data": {flags: flagACK | flagPSH, seq: 1, ack: 1, wnd: 1024, data: pattern(100)},
	} {
		askers[name] = func() []byte { return tcpFrame(seg) }
	}
}

// Tiny fragments (RFC 1858 3, 4; RFC 3128): a filter in front of us sees a header without
// the flags, or one whose flags a second fragment writes over. We put together what fits
// together and answer that as any segment, and nothing that is written over.
func TestAttackTinyFragments(t *testing.T) {
	answered, refused := 0, 0
	onDirect(t, quietConfig(), func(v *direct) {
		syn, rst := tcpFrame(segment{flags: flagSYN, wnd: 1024})[etherHeaderLen+ipv4MinHeaderLen:], tcpFrame(segment{flags: flagRST, wnd: 1024})[etherHeaderLen+ipv4MinHeaderLen:]
		id := uint16(0)
		send := func(all ...[]byte) (answers int) {
			id++
			for i, b := range all {
				at := 8 * i // each piece stands where the one before has its second eight bytes
				ip := ipv4From(peerIP, protocolTCP)
				ip.Id, ip.FragOffset = id, uint16(at/8)
				if i < len(all)-1 {
					ip.Flags = layers.IPv4MoreFragments
				}
				answers += v.receive(ipv4Frame(ip, b))
			}
			return answers
		}
		if answered = send(syn[:8], syn[8:16], syn[16:]); answered != 1 {
			v.Errorf("a SYN in three pieces was answered with %d frames", answered)
		}
		for _, first := range [][]byte{rst[:16], rst[:]} {
			for len(first)%8 != 0 {
				first = append(first, 0)
			}
			if n := send(first, syn[8:]); n != 0 {
				v.Errorf("a SYN written over a RST was answered with %d frames", n)
			}
			refused++
		}
		if got := v.s.dropped[errFragmentOverlap]; got != uint64(refused) {
			v.Errorf("%d overlaps, want %d", got, refused)
		}
	})
	suite.Row{
		Area: "attack", What: "tiny fragments", Source: "RFC 1858 3, 4; RFC 3128",
		Tried:   fmt.Sprintf("a SYN in three pieces; %d SYNs written over a RST", refused),
		Outcome: fmt.Sprintf("%d answer to the first; none to the others", answered),
	}.Report(t)
}

// hardErrors are those that say that it will never work (RFC 1122 4.2.3.9), and some that
// are softer: type, code.
var hardErrors = [][2]uint8{{3, 2}, {3, 3}, {3, 4}, {3, 0}, {3, 1}, {3, 5}, {3, 13}, {11, 0}, {11, 1}, {12, 0}, {4, 0}, {5, 1}}

// blind forges n errors of each kind about a connection, with any number but those that
// are allowed, and each kind with any wrong port or address.
func (v *direct) blind(key connKey, n int, allowed func(seqNum) bool) (tried int) {
	random := rand.New(rand.NewPCG(5, 5))
	for _, kind := range hardErrors {
		for i := range n {
			seq, about := seqNum(random.Uint32()), key
			if allowed(seq) {
				continue
			}
			peer := key.peer().Addr()
			v.receive(ipv4Frame(ipv4From(peer, protocolICMP), icmpBytes(kind[0], kind[1], 0, 600, segmentQuote(about, seq, ipv4To(peer)))))
			about.localPort += uint16(1 + i%1000)
			v.receive(ipv4Frame(ipv4From(peer, protocolICMP), icmpBytes(kind[0], kind[1], 0, 600, segmentQuote(about, seq, ipv4To(peer)))))
			tried += 2
		}
	}
	return tried
}

// Blind connection reset (RFC 5927 5) while we connect: of 2^32 sequence numbers one is
// right, and of 64512 ports one; and the message with both ends it, as RFC 5461 4.1 has it.
func TestAttackBlindResetOpening(t *testing.T) {
	tried, truncated := 0, 0
	onDirect(t, quietConfig(), func(v *direct) {
		type result struct {
			c   *Conn
			err error
		}
		dial := func() (<-chan result, *Conn) {
			done := make(chan result, 1)
			go func() {
				c, err := v.s.DialTCP(context.Background(), netip.AddrPortFrom(peerIP, 80))
				done <- result{c, err}
			}()
			synctest.Wait()
			for _, c := range v.s.tcp.conns {
				return done, c
			}
			return nil, nil
		}
		done, c := dial()
		tried = v.blind(c.key, suite.Attacks(10_000), func(seq seqNum) bool { return seq == c.snd.iss })
		for _, seq := range []seqNum{c.snd.iss - 1, c.snd.iss + 1} {
			v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 3, 0, 0, segmentQuote(c.key, seq, ipv4To(peerIP)))))
		}
		right := segmentQuote(c.key, c.snd.iss, ipv4To(peerIP))
		for n := range 28 { // RFC 792: the header and 64 bits
			v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 3, 0, 0, right[:n])))
			truncated++
		}
		message := icmpBytes(3, 3, 0, 0, right)
		for bit := range len(message) * 8 {
			message[bit/8] ^= 1 << (bit % 8)
			v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), message))
			message[bit/8] ^= 1 << (bit % 8)
			truncated++
		}
		if c.state != stateSynSent {
			v.Fatalf("it is in %s", c.state)
		}
		v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), message))
		if r := <-done; !errors.Is(r.err, syscall.ECONNREFUSED) {
			v.Errorf("with the right number: %v", r.err)
		}
	})
	suite.Row{
		Area: "attack", What: "blind connection reset by ICMP, while we connect", Source: "RFC 5927 5; RFC 5461 4.1",
		Tried:   fmt.Sprintf("%d errors with wrong numbers or ports, %d cut short or spoilt", tried, truncated),
		Outcome: "the attempt goes on; the one message with the right port and the right number of 2^32 ends it",
	}.Report(t)
}

// The same when it is open: then no error ends it, whatever its number is (RFC 5927 5.2).
func TestAttackBlindResetOpen(t *testing.T) {
	tried := 0
	onDirect(t, quietConfig(), func(v *direct) {
		c := v.connected()
		key := c.key
		before := v.sent.Answers
		tried = v.blind(key, suite.Attacks(10_000), func(seqNum) bool { return false })
		for _, kind := range hardErrors {
			for seq := c.snd.una - 2; seq != c.snd.nxt+3; seq++ {
				v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(kind[0], kind[1], 0, 600, segmentQuote(key, seq, ipv4To(peerIP)))))
				tried++
			}
		}
		time.Sleep(time.Second)
		if c.state != stateEstablished || v.sent.Answers != before {
			v.Errorf("it is in %s, %d frames were sent", c.state, v.sent.Answers-before)
		}
		half := segment{srcPort: 8001, dstPort: 80, flags: flagSYN, wnd: 1024} // our SYN,ACK is on its way
		b := make([]byte, half.headerLen())
		half.put(b, peerIP, ourIP)
		v.receive(ipv4Frame(ipv4From(peerIP, protocolTCP), b))
		key.remotePort = 8001
		for _, kind := range hardErrors {
			c := v.s.tcp.conns[key]
			if c == nil || c.state != stateSynReceived {
				v.Fatalf("before %v it is gone from SYN-RECEIVED", kind)
			}
			v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(kind[0], kind[1], 0, 600, segmentQuote(key, c.snd.iss, ipv4To(peerIP)))))
			tried++
		}
		if v.s.tcp.conns[key] == nil {
			v.Error("the last one ended what was half open")
		}
	})
	suite.Row{
		Area: "attack", What: "blind connection reset by ICMP, on an open connection", Source: "RFC 5927 5.2",
		Tried: fmt.Sprintf("%d errors of %d kinds with numbers of all sorts", tried, len(hardErrors)), Outcome: "no connection lost, nothing sent",
	}.Report(t)
}
