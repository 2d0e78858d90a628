package stack

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// bigLink is our host on a link with room for 16 million others.
func bigLink() Config {
	cfg := quietConfig()
	cfg.IP = netip.MustParsePrefix("10.0.0.4/8")
	return cfg
}

// "Table exhaustion" (RFC 826 says nothing of it; RFC 6583 does for IPv6): forged
// senders fill the table, and no more than that. Neighbours that we know stay, and one
// that is new can be asked in the middle of it.
func TestAttackARPTableFlood(t *testing.T) {
	n := suite.Attacks(1_000_000)
	outcome := ""
	onDirect(t, bigLink(), func(v *direct) {
		v.use(peerIP)
		next := suite.ARPForgery()
		honest := 0
		cost := v.attack(n, func(i int) []byte {
			if i%(n/100) == n/200 { // one hundred times, somebody whom we did not know
				if ip := nth(otherIP, i/(n/100)); v.s.reaches(ip) {
					honest++
				}
			}
			return next(i)
		})
		questions := 100 // of ours, one for each
		sent := cost
		sent.Answers -= 2 * questions
		outcome = suite.WantAtMost(v, sent, n/2, 0.05, 512<<10) // the rows of the table
		v.s.mu.Lock()
		defer v.s.mu.Unlock()
		if honest != questions {
			v.Errorf("%d of %d honest neighbours were reached", honest, questions)
		}
		if n := v.s.arp.neighbours[peerIP]; n == nil || n.mac != peerMAC || len(v.s.arp.neighbours) != arpMaxKnown {
			v.Errorf("the peer is %+v, among %d", n, len(v.s.arp.neighbours))
		}
		outcome = fmt.Sprintf("%d rows, known neighbours stay, %d of %d new ones reached; %s",
			len(v.s.arp.neighbours), honest, questions, outcome)
	})
	suite.Row{
		Area: "attack", What: "ARP table flood", Source: "RFC 6583 (for IPv6)",
		Tried: fmt.Sprintf("%d forged senders, half of them in replies that nobody asked for", n), Outcome: outcome,
	}.Report(t)
}

// use sends something to a neighbour.
func (v *direct) use(ip netip.Addr) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.resolve(ip, etherTypeTest, v.s.newPacket(10))
}

// reaches sends something to a neighbour, lets it answer if it is asked, and reports
// whether the neighbour got it. The lock is held.
func (s *Stack) reaches(ip netip.Addr) bool {
	s.resolve(ip, etherTypeTest, s.newPacket(10))
	s.receiveFrame(reply(otherMAC, ip))
	n := s.arp.neighbours[ip]
	return n != nil && n.mac == otherMAC && len(n.waiting) == 0
}

// Each question is answered once, to who asked, whoever that is.
func TestAttackARPRequestFlood(t *testing.T) {
	n := suite.Attacks(1_000_000)
	outcome := ""
	onDirect(t, quietConfig(), func(v *direct) {
		probe, question := request(otherMAC, noIP, ourIP), request(peerMAC, peerIP, ourIP)
		cost := v.attack(n, func(i int) []byte {
			if i%2 == 0 {
				return probe
			}
			return question
		})
		outcome = suite.WantAtMost(v, cost, n, 0, 64<<10)
		if cost.Answers != n || cost.Replied > cost.Bytes {
			v.Errorf("%d bytes of questions, %d of answers in %d frames", cost.Bytes, cost.Replied, cost.Answers)
		}
	})
	suite.Row{
		Area: "attack", What: "ARP request flood", Source: "RFC 826; RFC 5227 2.1.1",
		Tried: fmt.Sprintf("%d questions and probes for our address", n), Outcome: outcome,
	}.Report(t)
}

// Nobody can put a neighbour that we know, such as the gateway, at a card that cannot be
// its own: at a group's, at no one's or at ours.
func TestAttackARPImpossibleCards(t *testing.T) {
	tried := 0
	onBench(t, func(b *bench) {
		b.meet1()
		b.do(func() { b.s.trace = false })
		for first := range 256 {
			for _, rest := range []MAC{{}, ourMAC, broadcastMAC, {0, 0, 0x5e, 0, 0, 1}} {
				sha := rest
				sha[0] = byte(first)
				if sha != ourMAC && !sha.isZero() && first%2 == 0 {
					continue // could be a card
				}
				for _, lie := range lies(sha, peerIP) {
					b.do(func() { b.s.receiveFrame(lie) })
					tried++
				}
			}
		}
		b.Silence()
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
	})
	suite.Row{
		Area: "attack", What: "ARP: a neighbour at a group's card, or at ours", Source: "RFC 1812 3.3.2",
		Tried:   fmt.Sprintf("%d lies about a known gateway", tried),
		Outcome: "none believed, none answered",
	}.Report(t)
}

// meet1 makes the stack know the peer, and use it.
func (b *bench) meet1() {
	b.Send(request(peerMAC, peerIP, ourIP))
	b.sendTo(peerIP, "used")
	b.Take()
}

// lies are all ways to say that ip is at the card sha.
func lies(sha MAC, ip netip.Addr) [][]byte {
	return [][]byte{
		reply(sha, ip), request(sha, ip, ourIP), request(sha, ip, ip), request(sha, ip, otherIP),
		arpFrame(broadcastMAC, otherMAC, layers.ARPReply, sha, ip, sha, ip),
		arpFrame(ourMAC, otherMAC, layers.ARPReply, sha, ip, broadcastMAC, ip),
		arpFrame(ourMAC, otherMAC, layers.ARPRequest, sha, ip, ourMAC, ourIP),
	}
}

// "ARP poisoning", and how far it gets. RFC 826 believes whoever speaks: "If the pair
// <protocol type, sender protocol address> is already in my translation table, update the
// sender hardware address field of the entry with the new information". So a liar on the
// link gets the flow, with each single kind of lie, and ARP has nothing against him. What
// there is: he is told from a card that has gone by being polled. If he lied once and does
// not answer, the flow is back after a minute and three polls; and at once when its owner
// says anything in ARP.
func TestAttackARPPoisoning(t *testing.T) {
	won, longest := 0, time.Duration(0)
	for i := range lies(otherMAC, peerIP) {
		for _, ownerSpeaks := range []bool{false, true} {
			lost, all := poisoned(t, lies(otherMAC, peerIP)[i], ownerSpeaks)
			if lost == 0 || ownerSpeaks && lost > time.Second {
				t.Errorf("lie %d, the owner speaks: %v: the flow is lost for %v", i, ownerSpeaks, lost)
			}
			if lost > arpTimeout+(arpQuestions+1)*arpInterval {
				t.Errorf("lie %d: the flow is lost for %v", i, lost)
			}
			if !all {
				t.Errorf("lie %d: the flow is not back", i)
			}
			won++
			longest = max(longest, lost)
		}
	}
	suite.Row{
		Area: "attack", What: "ARP poisoning", Source: "RFC 826, Merge_flag",
		Tried: fmt.Sprintf("%d lies of all kinds, that a known neighbour is at the liar's card", won),
		Outcome: fmt.Sprintf("each succeeds, as RFC 826 has it: the flow goes to the liar until the neighbour is heard again, "+
			"or for %v if it is not and the liar lied once; a liar who goes on keeps it", longest),
	}.Report(t)
}

// poisoned tells one lie to a stack that sends to the peer all the time, and returns for
// how long the liar gets what it sends, and whether the peer gets it in the end. The peer
// answers when it is asked, and, if it speaks, says something of its own half a second
// later.
func poisoned(t *testing.T, lie []byte, speaks bool) (lost time.Duration, back bool) {
	onBench(t, func(b *bench) {
		b.meet1()
		b.Send(lie)
		b.wantKnown(peerIP, otherMAC, neighbourReachable)
		for i := range 1000 {
			b.sendTo(peerIP, "secret")
			back = false
			for _, f := range b.Take() {
				h, p, err := parseEther(f.Bytes)
				switch {
				case err != nil:
					b.Error(err)
				case h.etherType == etherTypeTest && h.dst == otherMAC:
					lost += 100 * time.Millisecond
				case h.etherType == etherTypeTest && h.dst == peerMAC:
					back = true
				case h.etherType == etherTypeARP && h.dst == broadcastMAC && bytes.Equal(p[24:28], peerIP.AsSlice()):
					b.Send(reply(peerMAC, peerIP))
				}
			}
			if speaks && i == 5 {
				b.Send(request(peerMAC, peerIP, otherIP))
			}
			b.Advance(100 * time.Millisecond)
		}
	})
	return lost, back
}
