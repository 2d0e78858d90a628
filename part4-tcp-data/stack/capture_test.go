package stack

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// capturedFrames returns the frames of all captures in testdata. They were made with the
// flag -pcap, in the lab: testdata/arping.cap with arping at the other end, and so on.
func capturedFrames(tb testing.TB) (frames [][]byte) {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.cap")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no captures (%v)", err)
	}
	for _, name := range names {
		all, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		before := len(frames)
		for rest := all[min(24, len(all)):]; len(rest) >= 16; { // a file header, and a header before each frame
			n := 16 + int(binary.LittleEndian.Uint32(rest[8:]))
			if n > len(rest) {
				tb.Fatalf("%s ends in the middle of a frame", name)
			}
			frames, rest = append(frames, rest[16:n:n]), rest[n:]
		}
		if len(frames) == before {
			tb.Fatalf("%s has no frames", name)
		}
	}
	return frames
}

// capturedPayloads returns what is behind the first cut bytes of the frames that want takes.
func capturedPayloads(tb testing.TB, cut int, want func(frame []byte) bool) (payloads [][]byte) {
	tb.Helper()
	for _, frame := range capturedFrames(tb) {
		if len(frame) >= cut && want(frame) {
			payloads = append(payloads, frame[cut:])
		}
	}
	return payloads
}

// isARP reports whether a captured frame carries ARP.
func isARP(frame []byte) bool {
	return len(frame) >= etherHeaderLen && binary.BigEndian.Uint16(frame[12:]) == etherTypeARP
}

// What the captures are good for: they have real requests and replies in them.
func TestCaptures(t *testing.T) {
	frames := capturedFrames(t)
	arp := capturedPayloads(t, etherHeaderLen, isARP)
	if len(frames) < 6 || len(arp) < 6 {
		t.Errorf("%d frames, %d of them ARP, and arping alone made 6", len(frames), len(arp))
	}
}
