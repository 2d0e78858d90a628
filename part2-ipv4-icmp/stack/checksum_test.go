package stack

import (
	"math/rand/v2"
	"testing"

	"framebyframe/shared/suite"
)

// RFC 1071 3: the bytes 00 01 f2 03 f4 f5 f6 f7 have the sum ddf2.
func TestChecksumExample(t *testing.T) {
	b := unhex("0001f203f4f5f6f7")
	if got := ^checksum(b); got != 0xddf2 {
		t.Errorf("sum %04x, want ddf2", got)
	}
	if got := checksum(nil); got != 0xffff {
		t.Errorf("of nothing: %04x, want ffff", got)
	}
	// The header that the kernel sent has its checksum, 0x572b, in it.
	if got := checksum(suite.CapturedIPv4[etherHeaderLen:]); got != 0 {
		t.Errorf("over a header with its checksum: %04x, want 0", got)
	}
}

func TestChecksumAgainstReference(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for n := range 2000 {
		b := randomBytes(random, n%300)
		if n%3 == 0 { // carries at every step
			for i := range b {
				b[i] = 0xff
			}
		}
		at := n % 8 % (len(b) + 1)
		if got, want := checksum(b[at:]), suite.Checksum(b[at:]); got != want {
			t.Fatalf("of % x: %04x, want %04x", b[at:], got, want)
		}
	}
}

// The fast loop does what the plain one does, whatever the sum is to begin with.
func TestChecksumFastAndPlain(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for n := range 2000 {
		b, sum := randomBytes(random, n), random.Uint64N(1<<20)
		if n%3 == 0 {
			for i := range b {
				b[i] = 0xff
			}
		}
		if got, want := foldSum(addSum(sum, b)), foldSum(addWords(sum, b)); got != want {
			t.Fatalf("%d bytes: %04x, want %04x", n, got, want)
		}
	}
}

// Folding brings every carry back, also those that folding makes.
func TestFoldSum(t *testing.T) {
	for sum, want := range map[uint64]uint16{
		0: 0, 0xffff: 0xffff, 0x10000: 1, 0x1fffe: 0xffff, 0xffffffff_00010000: 1, 0xffffffff_ffffffff: 0xffff,
	} {
		if got := foldSum(sum); got != want {
			t.Errorf("foldSum(%x) = %04x, want %04x", sum, got, want)
		}
	}
}

// A sum can be taken in pieces, as long as only the last is odd.
func TestSumInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 1000 {
		b := randomBytes(random, random.IntN(200))
		cut := random.IntN(len(b)/2+1) * 2
		sum := addSum(addSum(0, b[:cut]), b[cut:])
		if got, want := ^foldSum(sum), suite.Checksum(b); got != want {
			t.Fatalf("in pieces of %d and %d: %04x, want %04x", cut, len(b)-cut, got, want)
		}
	}
}

func FuzzChecksum(f *testing.F) {
	f.Add(suite.CapturedIPv4)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := checksum(b), suite.Checksum(b); got != want {
			t.Fatalf("%04x, want %04x", got, want)
		}
	})
}

func BenchmarkChecksum(b *testing.B) {
	data := pattern(1460)
	b.Run("long words", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			checksum(data)
		}
	})
	b.Run("the plain loop", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			addWords(0, data)
		}
	})
}
