package stack

import (
	"testing"
)

// capturedPrograms makes programs for FuzzLiveStack of the captures: what came to us
// becomes steps, near the numbers that we expected then, and so does what our user wrote.
// size is how many bytes a step has.
func capturedPrograms(tb testing.TB, size int) (programs [][]byte) {
	tb.Helper()
	type side struct{ rcv, snd seqNum } // RCV.NXT and SND.NXT, as what we have sent shows them
	type key struct{ peer, local uint16 }
	sides, lives := make(map[key]*side), make(map[key][]byte)
	step := func(at key, b ...byte) { lives[at] = append(append(lives[at], b...), make([]byte, size-len(b))...) }
	var order []key
	for _, frame := range capturedFrames(tb) {
		if !isProtocol(protocolTCP)(frame) {
			continue
		}
		_, packet, _ := parseEther(frame)
		h, payload, _ := parsedIPv4(packet)
		seg, err := parsedTCP(payload, h.src, h.dst)
		if err != nil {
			continue // damaged on its way
		}
		at, ours := key{seg.srcPort, seg.dstPort}, h.src == ourIP
		if ours {
			at = key{seg.dstPort, seg.srcPort}
		}
		x := sides[at]
		switch {
		case ours && seg.has(flagSYN):
			sides[at] = &side{seg.ack, seg.seq + 1}
			lives[at] = []byte{0}
			order = append(order, at)
		case x == nil || seg.has(flagSYN):
		case ours:
			if end := seg.seq.add(len(seg.data)); x.snd.less(end) {
				n := int(end - x.snd)
				step(at, 9, byte(n>>8), byte(n)) // the user writes
				x.snd = end
			}
			x.rcv = seg.ack
		default:
			seq, ack := int16(seg.seq-x.rcv), int16(seg.ack-x.snd)
			step(at, 0, seg.flags^flagACK, byte(seq>>8), byte(seq), byte(ack>>8), byte(ack), byte(seg.wnd/257), byte(len(seg.data)>>8), byte(len(seg.data)))
			step(at, 8, 1)        // a millisecond
			step(at, 11, 16, 255) // the user reads
		}
	}
	for _, at := range order {
		if len(lives[at]) > size {
			programs = append(programs, lives[at])
		}
	}
	return programs
}

// The captures have connections that live for a while, one of them on a bad cable.
func TestCapturedPrograms(t *testing.T) {
	longest, programs := 0, capturedPrograms(t, 12)
	for _, program := range programs {
		longest = max(longest, len(program)/12)
	}
	if len(programs) < 5 || longest < 20 {
		t.Errorf("%d programs, the longest with %d steps", len(programs), longest)
	}
}
