package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"
)

// martians are blocks from which no datagram comes: "invalid source addresses" (RFC 1122
// 3.2.1.3; RFC 1812 5.3.7 calls them Martian), with our own and the link's own.
var martians = []string{
	"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
	"10.0.0.4/32", "10.0.0.0/32", "10.0.0.255/32",
}

// nobodies are blocks that no datagram for us is sent to.
var nobodies = []string{
	"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
	"10.0.0.0/32", "10.0.0.255/32", "10.0.0.8/29", "192.0.2.0/24",
}

// somewhereIn returns an address of a block, and its first and last one now and then.
func somewhereIn(random *rand.Rand, block netip.Prefix, i int) [4]byte {
	first := block.Masked().Addr().As4()
	host := uint64(random.Uint32()) & (1<<(32-block.Bits()) - 1)
	switch i % 16 {
	case 0:
		host = 0
	case 1:
		host = 1<<(32-block.Bits()) - 1
	}
	binary.BigEndian.PutUint32(first[:], binary.BigEndian.Uint32(first[:])+uint32(host))
	return first
}

// readdress puts another address into a datagram's header, at offset 12 or 16, and
// corrects the header's checksum.
func readdress(frame []byte, at int, ip [4]byte) {
	header := frame[etherHeaderLen:][:ipv4MinHeaderLen]
	copy(header[at:], ip[:])
	rechecksum(header)
}

func init() {
	askers["echo request"] = func() []byte { return ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(56))) }
	askers["unknown protocol"] = func() []byte { return ipv4Frame(ipv4From(peerIP, 99), pattern(56)) }
}

// impossible sends everything in askers, n of each from each block, with addresses at an
// offset of the header that are impossible there.
func impossible(t *testing.T, blocks []string, at, n int) (tried int, outcome string) {
	for name, asker := range askers {
		for _, block := range blocks {
			t.Run(name+" "+block, func(t *testing.T) {
				random := rand.New(rand.NewPCG(2, 2))
				onDirect(t, quietConfig(), func(v *direct) {
					frame, prefix := asker(), netip.MustParsePrefix(block)
					if v.receive(frame) == 0 {
						v.Fatal("with a good address there is no answer either")
					}
					clear(v.s.dropped)
					cost := v.attack(n, func(i int) []byte {
						if readdress(frame, at, somewhereIn(random, prefix, i)); i%3 == 0 {
							copy(frame, broadcastMAC[:])
						} else {
							copy(frame, ourMAC[:])
						}
						return frame
					})
					outcome = suite.WantAtMost(v, cost, 0, 0, 64<<10)
					v.wantAddressed(at, n)
				})
				tried += n
			})
		}
	}
	return tried, outcome
}

// wantAddressed checks that n datagrams were dropped for their addresses: for nothing
// better, and before anybody has looked at what is in them.
func (v *direct) wantAddressed(at, n int) {
	v.Helper()
	reasons := []error{errIPv4Source}
	if at == 16 {
		reasons = []error{errIPv4Broadcast, errIPv4Multicast, errIPv4OtherHost, errUDPPort} // UDP alone may be for all, if anybody wants it
	}
	for _, reason := range reasons {
		n -= int(v.s.dropped[reasonOf(reason)])
	}
	if n != 0 {
		v.Errorf("%d datagrams were not dropped for their addresses: %v", n, v.s.dropped)
	}
}

// No answer to who cannot have sent it: it would go to a whole network, or to ourselves,
// again and again (LAND, CERT CA-1997-28).
func TestAttackMartianSources(t *testing.T) {
	tried, outcome := impossible(t, martians, 12, suite.Attacks(20_000))
	suite.Row{
		Area: "attack", What: "martian source addresses, and our own (LAND)", Source: "RFC 1122 3.2.1.3, RFC 1812 5.3.7, CERT CA-1997-28",
		Tried: fmt.Sprintf("%d datagrams from %d blocks", tried, len(martians)), Outcome: outcome,
	}.Report(t)
}

// Smurf (CERT CA-1998-01, RFC 2644): an echo request to all on a link, in the name of the
// victim, makes every host of it answer. RFC 1122 3.2.2.6 lets a host be silent, and so
// are we, to every address that is not our own.
func TestAttackSmurf(t *testing.T) {
	tried, outcome := impossible(t, nobodies, 16, suite.Attacks(20_000))
	suite.Row{
		Area: "attack", What: "smurf, and other datagrams that are not for us", Source: "RFC 2644; RFC 1122 3.2.2.6, 3.2.1.3",
		Tried:   fmt.Sprintf("%d datagrams to %d blocks: broadcast, multicast, loopback, others", tried, len(nobodies)),
		Outcome: outcome,
	}.Report(t)
}

// What is for us alone and comes in a frame to all cards, or to a group's, or to another
// card, is not answered (RFC 1122 3.3.6).
func TestAttackUnicastInBroadcast(t *testing.T) {
	tried, outcome := 0, ""
	for name, asker := range askers {
		t.Run(name, func(t *testing.T) {
			onDirect(t, quietConfig(), func(v *direct) {
				frame := asker()
				n := suite.Attacks(100_000)
				cost := v.attack(n, func(i int) []byte {
					copy(frame, [...][]byte{broadcastMAC[:], {1, 0, 0x5e, 0, 0, 1}, {1, 0x80, 0xc2, 0, 0, 0}, otherMAC[:]}[i%4])
					return frame
				})
				outcome = suite.WantAtMost(v, cost, 0, 0, 64<<10)
				tried += n
			})
		})
	}
	suite.Row{
		Area: "attack", What: "for us alone, in a frame to all, to a group or to another card", Source: "RFC 1122 3.3.6, 4.2.3.10",
		Tried: fmt.Sprintf("%d datagrams", tried), Outcome: outcome,
	}.Report(t)
}

// Headers that lie about themselves: every single bit flipped, with the checksum as it was;
// every total length, every version and every header length, with a right one. Only what
// is as it was is answered.
func TestAttackLyingHeaders(t *testing.T) {
	tried, outcome := 0, ""
	for name, asker := range askers {
		t.Run(name, func(t *testing.T) {
			onDirect(t, quietConfig(), func(v *direct) {
				frame := asker()
				header := frame[etherHeaderLen:][:ipv4MinHeaderLen]
				length := int(binary.BigEndian.Uint16(header[2:]))
				good := [ipv4MinHeaderLen]byte(header)
				const flips, lengths = ipv4MinHeaderLen * 8, 65536
				cost := v.attack(flips+lengths+256, func(i int) []byte {
					copy(header, good[:])
					switch {
					case i < flips:
						header[i/8] ^= 1 << (i % 8)
						return frame
					case i < flips+lengths:
						if i -= flips; i == length || name == "unknown protocol" && i >= ipv4MinHeaderLen && i <= length {
							i = 0 // shorter, and still a datagram
						}
						binary.BigEndian.PutUint16(header[2:], uint16(i))
					default:
						if header[0] = byte(i - flips - lengths); header[0] == good[0] || header[0]>>4 == 4 && header[0]&15 > 5 {
							header[0] = 0x44 // options come elsewhere
						}
					}
					rechecksum(header)
					return frame
				})
				outcome = suite.WantAtMost(v, cost, 0, 0, 64<<10)
				tried += cost.Frames
			})
		})
	}
	suite.Row{
		Area: "attack", What: "IPv4 headers that lie: checksum, lengths, version", Source: "RFC 1122 3.2.1.1, 3.2.1.2; RFC 791 3.1",
		Tried: fmt.Sprintf("%d headers, each bit and each length", tried), Outcome: outcome,
	}.Report(t)
}

// sourceRouted reports whether a list has a source route before it ends, or goes wrong.
func sourceRouted(list []byte) bool {
	for len(list) > 0 && list[0] != optionEnd {
		switch {
		case list[0] == optionNOP:
			list = list[1:]
			continue
		case len(list) < 2 || list[1] < 2 || int(list[1]) > len(list):
			return false
		case list[0] == optionLSRR, list[0] == optionSSRR:
			return true
		}
		list = list[list[1]:]
	}
	return false
}

// Lists of options that are garbage: at most an answer that is not larger than a quote, and
// at most a hundred complaints a second. No source route gets through (RFC 7126 4.3, 4.4).
func TestAttackIPv4Options(t *testing.T) {
	n := suite.Attacks(1_000_000)
	outcome := ""
	onDirect(t, quietConfig(), func(v *direct) {
		random := rand.New(rand.NewPCG(3, 3))
		frame := withOptions(make([]byte, 40))
		options := frame[etherHeaderLen+ipv4MinHeaderLen:][:40]
		types := []byte{optionEnd, optionNOP, optionRecordRoute, optionTimestamp, optionLSRR, optionSSRR, 130, 148, 255}
		routes := uint64(0)
		cost := v.attack(n, func(i int) []byte {
			for at := range options {
				options[at] = byte(random.Uint32())
			}
			options[0] = types[random.IntN(len(types))]
			if i%2 == 0 { // whole, and the next one behind it
				options[1] = byte(2 + random.IntN(30))
				options[options[1]] = types[random.IntN(len(types))]
			}
			if sourceRouted(options) {
				routes++
			}
			rechecksum(frame[etherHeaderLen:][:60])
			return frame
		})
		outcome = suite.WantAtMost(v, cost, n, 10, 64<<10)
		if cost.Replied > cost.Bytes {
			v.Errorf("%d bytes brought %d", cost.Bytes, cost.Replied)
		}
		if refused := v.s.dropped[errIPv4SourceRoute]; refused != routes || routes < uint64(n/20) {
			v.Errorf("%d source routes refused, %d came", refused, routes)
		}
		if over := v.s.dropped[errICMPRateLimit]; over == 0 {
			v.Error("the complaints never reached their limit")
		}
		outcome = fmt.Sprintf("no source route taken; %s", outcome)
	})
	suite.Row{
		Area: "attack", What: "IPv4 options: garbage, source routes", Source: "RFC 7126 4.3, 4.4; RFC 1122 3.2.1.8",
		Tried: fmt.Sprintf("%d lists of 40 bytes", n), Outcome: outcome,
	}.Report(t)
}
