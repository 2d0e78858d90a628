package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// bomb makes first fragments of datagrams that never become whole, each of another one, in
// the name of a host that it is given the last two bytes and the Identification of.
func bomb() func(host, id uint16) []byte {
	frame := fragment(0, pattern(1480), piece{0, 1480, true})
	return func(host, id uint16) []byte {
		binary.BigEndian.PutUint16(frame[etherHeaderLen+4:], id)
		readdress(frame, 12, [4]byte{198, 18, byte(host >> 8), byte(host)})
		return frame
	}
}

// While the bomb falls, an honest datagram in three pieces gets through if fewer new ones
// begin between its first piece and its last than there is room for: the oldest goes. So
// it is the one who sends slowly that suffers, as with everybody who has a bound (RFC 4963
// and 8900 tell applications to do without fragments; our TCP does).
func TestAttackFragmentBombAndHonest(t *testing.T) {
	tried, survives := 0, -1
	for _, between := range []int{0, 1, 8, 20, 31, 32, 64, 1000} {
		passed, all := 0, 20
		onDirect(t, quietConfig(), func(v *direct) {
			forge, message := bomb(), echoRequest(1, pattern(4000))
			for try := range all {
				begin := v.sent.Answers
				for i, p := range pieces(len(message), 1480) {
					if i > 0 {
						for j := range between {
							tried++
							v.receive(forge(uint16(j), uint16(tried)))
						}
					}
					v.receive(fragment(uint16(try), message, p))
				}
				passed += (v.sent.Answers - begin) / 3
			}
		})
		if want := 2*between < maxReassemblies; want && passed != all || !want && passed != 0 {
			t.Errorf("with %d fragments between two honest ones, %d of %d datagrams got through", between, passed, all)
		}
		if passed == all {
			survives = max(survives, 2*between)
		}
	}
	suite.Row{
		Area: "attack", What: "fragment bomb on an honest sender's datagrams", Source: "RFC 8900",
		Tried: fmt.Sprintf("%d forged first fragments between the pieces of honest datagrams", tried),
		Outcome: fmt.Sprintf("up to %d between the first and the last piece, none is lost; from %d on, all are. "+
			"TCP is not concerned: it sends and needs no fragments", survives, maxReassemblies),
	}.Report(t)
}

// Somebody who knows which Identifications come next can spoil the datagrams that have
// them (RFC 4963; RFC 6864 4.3): two pieces that contradict each other make neither. It
// costs him one fragment for each datagram, or for as long as a reassembly lasts.
func TestAttackFragmentIDCollision(t *testing.T) {
	const all = 1000
	passed := 0
	onDirect(t, quietConfig(), func(v *direct) {
		message := echoRequest(1, pattern(4000))
		lie := pattern(1480)
		clear(lie)
		for id := range uint16(maxReassemblies - 1) { // and one for the honest
			v.receive(fragment(id*10, lie, piece{0, 1480, true}))
		}
		for id := range uint16(all) {
			begin := v.sent.Answers
			for _, p := range pieces(len(message), 1480) {
				v.receive(fragment(id, message, p))
			}
			passed += (v.sent.Answers - begin) / 3
		}
	})
	if want := all - (maxReassemblies - 1); passed != want {
		t.Errorf("%d of %d honest datagrams got through, want %d", passed, all, want)
	}
	suite.Row{
		Area: "attack", What: "fragments with the Identifications of an honest sender", Source: "RFC 4963, RFC 5722",
		Tried:   fmt.Sprintf("%d forged first fragments, and %d honest datagrams", maxReassemblies-1, all),
		Outcome: fmt.Sprintf("%d got through, %d collided and were dropped whole: nothing mixed is handed up", passed, all-passed),
	}.Report(t)
}

// One fragment again and again: it is there already.
func TestAttackFragmentDuplicates(t *testing.T) {
	n, outcome := suite.Attacks(1_000_000), ""
	onDirect(t, quietConfig(), func(v *direct) {
		message := echoRequest(1, pattern(4000))
		all := pieces(len(message), 1480)
		first := fragment(1, message, all[0])
		v.receive(first)
		outcome = suite.WantAtMost(v, v.attack(n, func(int) []byte { return first }), 0, 0, 64<<10)
		if got := v.s.dropped[errFragmentAgain]; got != uint64(n) {
			v.Errorf("%d duplicates, want %d", got, n)
		}
		if got := v.receive(fragment(1, message, all[1])) + v.receive(fragment(1, message, all[2])); got != 3 {
			v.Errorf("the datagram was answered with %d frames, want 3", got)
		}
	})
	suite.Row{
		Area: "attack", What: "the same fragment again and again", Source: "RFC 791 3.2", Tried: fmt.Sprintf("%d times", n),
		Outcome: outcome + "; the datagram gets through",
	}.Report(t)
}

// A datagram that trickles in, eight bytes at a time, from the end to the beginning, and is
// never whole: "The reassembly timeout value SHOULD be a fixed value" (RFC 1122 3.3.2), so
// that it ends 60 s after its first piece, and not after the latest.
func TestAttackFragmentTrickle(t *testing.T) {
	lasted, tried, answers := time.Duration(0), 0, 0
	onDirect(t, quietConfig(), func(v *direct) {
		data := pattern(ipv4MaxLen - ipv4MinHeaderLen)
		before, start := suite.Memory(), time.Now()
		v.receive(request(peerMAC, peerIP, ourIP))
		begin := v.sent.Answers
		for unit := maxFragmentUnits - 10; time.Since(start) < 59*time.Second; unit -= 100 {
			v.receive(fragment(1, data, piece{unit * 8, unit*8 + 8, true}))
			tried++
			time.Sleep(800 * time.Millisecond)
		}
		if grown := int64(suite.Memory().HeapAlloc) - int64(before.HeapAlloc); grown > 128<<10 {
			v.Errorf("the heap has grown by %d bytes", grown)
		}
		for v.reassemblies() > 0 && lasted < time.Hour {
			time.Sleep(10 * time.Millisecond)
			lasted = time.Since(start)
		}
		answers = v.sent.Answers - begin
	})
	if lasted.Round(100*time.Millisecond) != reassemblyTimeout || answers != 0 {
		t.Errorf("it lasted %v, want %v; %d answers", lasted, reassemblyTimeout, answers)
	}
	suite.Row{
		Area: "attack", What: "fragments that trickle in", Source: "RFC 1122 3.3.2",
		Tried:   fmt.Sprintf("%d fragments of 8 bytes in %v", tried, reassemblyTimeout),
		Outcome: fmt.Sprintf("dropped after %v; less than 128 kB of memory, at most %d such datagrams", lasted.Round(time.Second), maxReassemblies),
	}.Report(t)
}

func (v *direct) reassemblies() int {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	return len(v.s.ipv4.reassemblies)
}

// Fragments of everything: random places, lengths and contents, of few datagrams, so that
// they meet. At most what a whole datagram deserves is answered, and the memory is bounded.
func TestAttackFragmentGarbage(t *testing.T) {
	n, outcome := suite.Attacks(200_000), ""
	onDirectInRealTime(t, quietConfig(), func(v *direct) {
		random := rand.New(rand.NewPCG(4, 4))
		frame := fragment(0, pattern(1480), piece{0, 1480, true})
		header := frame[etherHeaderLen:][:ipv4MinHeaderLen]
		cost := v.attack(n, func(i int) []byte {
			size := random.IntN(1481)
			binary.BigEndian.PutUint16(header[2:], uint16(ipv4MinHeaderLen+size))
			binary.BigEndian.PutUint16(header[4:], uint16(random.IntN(100)))
			binary.BigEndian.PutUint16(header[6:], uint16(random.Uint32())&0x3fff)
			rechecksum(header)
			frame[etherHeaderLen+ipv4MinHeaderLen+random.IntN(1480)]++
			return frame[:etherHeaderLen+ipv4MinHeaderLen+size]
		})
		outcome = suite.WantAtMost(v, cost, 0, 2, 6<<20)
	})
	suite.Row{
		Area: "attack", What: "fragments that are garbage", Source: "RFC 1858, RFC 3128, RFC 5722", Tried: fmt.Sprintf("%d fragments of 100 datagrams", n), Outcome: outcome,
	}.Report(t)
}
