//go:build exercise

package stack

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket/layers"
)

// The exercises of docs/1-ethernet-arp.md; those that give the program a flag are tested beside it. Each of these tests
// fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise2 ./part1-ethernet-arp/...

// Exercise 2: frames with a priority and no VLAN.
func TestExercise2PriorityTag(t *testing.T) {
	question := request(peerMAC, peerIP, ourIP)
	tagged := func(tag uint16, padding int) []byte {
		b := slices.Clone(question[:12])
		b = binary.BigEndian.AppendUint16(b, etherTypeVLAN)
		b = binary.BigEndian.AppendUint16(b, tag)
		return append(append(b, question[12:]...), make([]byte, padding)...)
	}
	onBench(t, func(b *bench) {
		for _, length := range []int{arpLen, 46, 1500} {
			b.Send(tagged(5<<13, length-arpLen))
			if sent := b.Take(); len(sent) != 1 {
				b.Fatalf("a question of %d bytes with priority 5 and VLAN 0 gets %d answers, want 1", length, len(sent))
			} else {
				b.WantARP(sent[0].Bytes, peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
			}
		}
		b.Send(tagged(1, 0))
		b.wantDropped(errVLAN, 1)
		b.Send(tagged(0, 1501-arpLen))
		b.wantDropped(errGiant, 1) // the tag does not count, what is behind it does
		for n := 12; n < 18; n++ {
			b.Send(tagged(0, 0)[:n])
		}
		b.Silence()
	})
}

// Exercise 4: the question the other way round, as hosts without a disk asked it.
func TestExercise4RARP(t *testing.T) {
	const etherTypeReverse, reverseRequest, reverseReply = 0x8035, 3, 4 // RFC 903
	reverse := func(dst, src MAC, op uint16, sha MAC, spa netip.Addr, tha MAC, tpa netip.Addr) []byte {
		b := arpFrame(dst, src, op, sha, spa, tha, tpa)
		binary.BigEndian.PutUint16(b[12:], etherTypeReverse)
		return b
	}
	onBench(t, func(b *bench) {
		question := reverse(broadcastMAC, otherMAC, reverseRequest, otherMAC, noIP, otherMAC, noIP)
		b.Send(question)
		b.Silence() // nobody has told us who that is
		b.Send(request(otherMAC, otherIP, ourIP))
		b.Take()
		b.Send(question)
		sent := b.Take()
		if len(sent) != 1 {
			b.Fatalf("%v was %v a moment ago, asks who it is, and gets %d answers, want 1", otherMAC, otherIP, len(sent))
		}
		want := reverse(otherMAC, ourMAC, reverseReply, ourMAC, ourIP, otherMAC, otherIP)
		if !slices.Equal(sent[0].Bytes, want) {
			b.Errorf("\n got % x\nwant % x", sent[0].Bytes, want)
		}
		b.Send(reverse(ourMAC, peerMAC, reverseReply, peerMAC, peerIP, ourMAC, otherIP))
		b.Send(reverse(broadcastMAC, otherMAC, reverseRequest, otherMAC, noIP, peerMAC, noIP)) // who is a third one?
		b.Send(question[:len(question)-1])
		b.Silence()
	})
}
