package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"framebyframe/shared/suite"
)

// Frames that no card should hand us, or that nobody here understands: none is answered,
// and none leaves anything behind. Each would be a question for our MAC if it were whole.
func TestAttackMalformedFrames(t *testing.T) {
	question := append(request(peerMAC, peerIP, ourIP), make([]byte, 20_000)...)
	tag := func(frame []byte, tpid uint16) []byte { // IEEE 802.1Q 9.6: four bytes before the type
		binary.BigEndian.PutUint16(frame[12:], tpid)
		copy(frame[16:], question[12:12+2+arpLen])
		return frame[:16+2+arpLen]
	}
	scratch := make([]byte, len(question))
	n := suite.Attacks(1_000_000)
	total, outcome := 0, ""
	for name, next := range map[string]func(i int) []byte{
		"runts":  func(i int) []byte { return question[:i%etherHeaderLen] },
		"giants": func(i int) []byte { return question[:etherHeaderLen+1501+i%(len(question)-1514)] },
		"lengths (802.3)": func(i int) []byte {
			binary.BigEndian.PutUint16(scratch[12:], uint16(i%etherTypeMin))
			return scratch[:60]
		},
		"VLAN tags":        func(i int) []byte { return tag(scratch, etherTypeVLAN) },
		"two VLAN tags":    func(i int) []byte { return tag(scratch, 0x88a8) },
		"unknown protocol": func(i int) []byte { return unknownType(scratch, uint16(i)) },
	} {
		t.Run(name, func(t *testing.T) {
			copy(scratch, question)
			onDirect(t, quietConfig(), func(v *direct) {
				cost := v.attack(n, next)
				outcome = suite.WantAtMost(v, cost, 0, 0, 64<<10)
				total += cost.Frames
			})
		})
	}
	suite.Row{
		Area: "attack", What: "frames that are none: runts, giants, 802.3 lengths, VLAN tags, unknown EtherTypes",
		Source: "IEEE 802.3 3.2.6, 802.1Q 9.6", Tried: fmt.Sprintf("%d frames", total), Outcome: outcome,
	}.Report(t)
}

// unknownType gives a frame an EtherType that no part knows.
func unknownType(frame []byte, n uint16) []byte {
	if n = max(n, etherTypeMin); n == etherTypeARP || n == 0x0800 || n == etherTypeVLAN {
		n++
	}
	binary.BigEndian.PutUint16(frame[12:], n)
	return frame[:60]
}

// What a cable carries for others, and what a storm carries round and round: broadcasts
// that ask for others, and multicasts of all groups.
func TestAttackStorm(t *testing.T) {
	for _, test := range []struct {
		what, name, source string
		dst                func(random *rand.Rand, dst []byte)
	}{
		{"broadcast storm", "broadcasts", "RFC 826, Packet Reception", func(_ *rand.Rand, dst []byte) { copy(dst, broadcastMAC[:]) }},
		{"frames for other cards and groups", "frames", "", func(random *rand.Rand, dst []byte) {
			binary.BigEndian.PutUint32(dst, random.Uint32())
			binary.BigEndian.PutUint16(dst[4:], uint16(random.Uint32()))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 1))
			frame := request(peerMAC, peerIP, otherIP)
			outcome := ""
			n := suite.Attacks(1_000_000)
			onDirect(t, quietConfig(), func(v *direct) {
				outcome = suite.WantAtMost(v, v.attack(n, func(i int) []byte {
					test.dst(random, frame)
					if i%2 == 0 && test.name == "frames" { // for us, if it were not for another card
						copy(frame[38:42], ourIP.AsSlice())
					}
					return frame
				}), 0, 0, 64<<10)
			})
			suite.Row{
				Area: "attack", What: test.what, Source: test.source, Tried: fmt.Sprintf("%d %s", n, test.name), Outcome: outcome,
			}.Report(t)
		})
	}
}
