package stack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// piece is one fragment: bytes from to to of the payload, and whether more
// follow.
type piece struct {
	from, to int
	more     bool
}

// pieces cuts n bytes into fragments of at most size bytes.
func pieces(n, size int) []piece {
	var all []piece
	for from := 0; from < n; from += size {
		to := min(from+size, n)
		all = append(all, piece{from, to, to < n})
	}
	return all
}

// fragment is a frame with one piece of the payload.
func fragment(id uint16, payload []byte, p piece) []byte {
	ip := ipv4From(peerIP, protocolICMP)
	ip.Id = id
	ip.FragOffset = uint16(p.from / 8)
	if p.more {
		ip.Flags = layers.IPv4MoreFragments
	}
	return ipv4Frame(ip, payload[p.from:p.to])
}

// RFC 791 3.2 and 815: the pieces may come in any order, and more than once.
func TestReassembly(t *testing.T) {
	for _, n := range []int{9, 16, 4008, 8000, 65515 - 8} {
		random := rand.New(rand.NewPCG(7, uint64(n)))
		data := pattern(n)
		message := echoRequest(5, data)
		for name, arrange := range map[string]func([]piece) []piece{
			"in order":  func(all []piece) []piece { return all },
			"backwards": func(all []piece) []piece { reverse(all); return all },
			"shuffled": func(all []piece) []piece {
				random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				return all
			},
			"all but the last twice": func(all []piece) []piece {
				last := len(all) - 1
				return append(append(append([]piece{}, all[:last]...), all[:last]...), all[last])
			},
		} {
			t.Run(name, func(t *testing.T) {
				onBench(t, func(b *bench) {
					b.meet()
					for _, p := range arrange(pieces(len(message), 1480-8*(n%3))) {
						b.Silence() // the answer comes after the last piece
						b.Send(fragment(1, message, p))
					}
					if got := b.reassembled(b.Take()); !bytes.Equal(got, echoReplyOf(5, data)) {
						b.Errorf("%d bytes came back as %d, or changed", len(message), len(got))
					}
					b.do(func() {
						if len(b.s.ipv4.reassemblies) != 0 {
							b.Error("a reassembly is left")
						}
					})
				})
			})
		}
	}
}

func reverse(all []piece) {
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
}

func echoReplyOf(seq uint16, data []byte) []byte { return icmpBytes(icmpEchoReply, 0, 77, seq, data) }

// Fragments of different datagrams are not mixed: the key is source, destination,
// protocol and Identification.
func TestReassemblyKeepsDatagramsApart(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		first, second := echoRequest(1, pattern(3000)), echoRequest(2, bytes.Repeat([]byte{'b'}, 3000))
		for i := range pieces(3008, 1480) {
			b.Send(fragment(1, first, pieces(3008, 1480)[i]))
			b.Send(fragment(2, second, pieces(3008, 1480)[i]))
		}
		sent := b.Take()
		if len(sent) != 6 {
			b.Fatalf("%d frames sent, want two replies in three fragments each", len(sent))
		}
	})
}

// An exact duplicate is ignored; any other overlap discards all of the datagram.
func TestReassemblyOverlap(t *testing.T) {
	spoilt, whole := 0, 0
	message := echoRequest(1, pattern(3000-8))
	other := bytes.Repeat([]byte{0xee}, len(message))
	for _, test := range []struct {
		name   string
		pieces []piece
		from   []byte // the bytes of the last piece
		want   error
	}{
		{"duplicate", []piece{{0, 1480, true}, {0, 1480, true}}, message, errFragmentAgain},
		{"duplicate of the last", []piece{{2960, 3000, false}, {2960, 3000, false}}, message, errFragmentAgain},
		{"part of what is there, the same bytes", []piece{{0, 1480, true}, {8, 16, true}}, message, errFragmentAgain},
		{"other bytes", []piece{{0, 1480, true}, {0, 1480, true}}, other, errFragmentOverlap},
		{"other bytes, one unit", []piece{{0, 1480, true}, {8, 16, true}}, other, errFragmentOverlap},
		{"longer than what is there", []piece{{0, 1472, true}, {0, 1480, true}}, message, errFragmentOverlap},
		{"half in a hole", []piece{{0, 1480, true}, {1472, 1488, true}}, message, errFragmentOverlap},
		{"teardrop: inside, and the last", []piece{{0, 1480, true}, {8, 16, false}}, message, errFragmentOverlap},
		{"beyond the last", []piece{{1480, 2960, false}, {2960, 3000, true}}, message, errFragmentOverlap},
		{"two different lasts", []piece{{1480, 2960, false}, {2960, 3000, false}}, message, errFragmentOverlap},
		{"the last, before what is there", []piece{{2960, 3000, true}, {1480, 2960, false}}, message, errFragmentOverlap},
		{"the last again, with more to come", []piece{{2960, 3000, false}, {2960, 3000, true}}, message, errFragmentAgain},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.Send(fragment(1, message, test.pieces[0]))
				b.Send(fragment(1, test.from, test.pieces[1]))
				b.wantDropped(test.want, 1)
				// A duplicate does no harm, a contradiction spoils all that follows.
				for _, p := range pieces(len(message), 1480) {
					b.Send(fragment(1, message, p))
				}
				if test.want == errFragmentOverlap {
					b.Silence()
					spoilt++
				} else if got := b.reassembled(b.Take()); bytes.Equal(got, echoReplyOf(1, pattern(3000-8))) {
					whole++
				} else {
					b.Errorf("%d bytes came back, want %d", len(got), len(message))
				}
				b.wantAlive()
			})
		})
	}
	suite.Row{
		Area: "attack", What: "fragments that overlap (teardrop)", Source: "RFC 1858 4, RFC 3128, RFC 5722; CERT CA-1997-28",
		Tried:   fmt.Sprintf("%d contradictions, %d repetitions", spoilt, whole),
		Outcome: "who contradicts himself is not believed at all; who repeats himself gets his answer",
	}.Report(t)
}

func TestFragmentsRefused(t *testing.T) {
	big := pattern(2000)
	for _, test := range []struct {
		name string
		ip   func(*layers.IPv4)
		n    int
		want error
	}{
		{"not a multiple of 8", func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }, 1479, errFragmentLength},
		{"empty", func(ip *layers.IPv4) { ip.FragOffset = 1 }, 0, errFragmentLength},
		{"empty, with more", func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }, 0, errFragmentLength},
		// The "ping of death", CERT CA-1996-26.
		{"beyond 65,535 bytes", func(ip *layers.IPv4) { ip.FragOffset = 8189 }, 100, errFragmentBeyond},
		{"one byte too many", func(ip *layers.IPv4) { ip.FragOffset = 8188 }, 12, errFragmentBeyond},
		{"the last that fits", func(ip *layers.IPv4) { ip.FragOffset = 8188 }, 11, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				ip := ipv4From(peerIP, protocolICMP)
				test.ip(ip)
				b.sendIPv4(ip, big[:test.n])
				b.Silence()
				if test.want != nil {
					b.wantDropped(test.want, 1)
				}
				b.do(func() {
					if n := len(b.s.ipv4.reassemblies); n != 0 && test.want != nil {
						b.Errorf("%d reassemblies begun", n)
					}
				})
				b.wantAlive()
			})
		})
	}
	suite.Row{
		Area: "attack", What: "fragments that are too long (ping of death), or empty", Source: "CERT CA-1996-26; RFC 791 3.2",
		Tried: "each bound, and one byte more", Outcome: "refused, nothing kept, nothing answered",
	}.Report(t)
}

// RFC 1122 3.3.2: after 60 s "the partially-reassembled datagram MUST be
// discarded and an ICMP Time Exceeded message sent to the source host (if
// fragment zero has been received)".
func TestReassemblyTimeout(t *testing.T) {
	message := echoRequest(1, pattern(3000))
	onBench(t, func(b *bench) {
		b.meet()
		first := fragment(1, message, piece{0, 1480, true})
		b.Send(first)
		b.Advance(30 * time.Second)
		b.Send(fragment(1, message, piece{1480, 2960, true}))
		b.Send(request(peerMAC, peerIP, ourIP)) // or ARP would have to ask first
		b.Take()
		b.Advance(29 * time.Second)
		b.Silence()
		b.Advance(time.Second)
		b.wantDropped(errFragmentTimeout, 1)
		d := b.wantICMP(b.One(), icmpTimeExceeded, codeReassemblyTime)
		if !bytes.Equal(d.icmp.Payload, first[etherHeaderLen:][:28]) {
			b.Errorf("quotes % x, want the first fragment's header and 8 bytes", d.icmp.Payload)
		}
		// Too late for the rest.
		b.Send(fragment(1, message, piece{2960, 3008, false}))
		b.Silence()
	})
	onBench(t, func(b *bench) {
		b.meet()
		b.Send(fragment(1, message, piece{1480, 2960, true})) // fragment zero never comes
		b.Advance(time.Minute)
		b.wantDropped(errFragmentTimeout, 1)
		b.Silence()
	})
}

// 65,536 first fragments, each of another datagram: memory stays bounded, and an
// honest datagram still gets through. This is in real time, for the sake of the
// real memory.
func TestFragmentBomb(t *testing.T) {
	s := New(nullDevice{}, quietConfig())
	defer s.Close()
	s.receiveFrame(request(peerMAC, peerIP, ourIP))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range 65536 {
		src := peerIP.As4()
		src[1] = byte(id >> 12) // from several sources
		ip := ipv4From(netip.AddrFrom4(src), protocolICMP)
		ip.Id = uint16(id)
		ip.Flags = layers.IPv4MoreFragments
		ip.FragOffset = uint16(id % 2 * 8000) // half of them make us keep 64 kB
		s.receiveFrame(ipv4Frame(ip, pattern(1480)))
		if id%1024 == 0 {
			s.checkInvariants(t)
		}
	}
	if n := len(s.ipv4.reassemblies); n != maxReassemblies || s.dropped[errFragmentRoom] != 65536-maxReassemblies {
		t.Errorf("%d reassemblies, %d given up; want the bound of %d", n, s.dropped[errFragmentRoom], maxReassemblies)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("the heap has grown by %d kB", grown>>10)
	const maxGrown = 8 << 20
	if grown > maxGrown {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	message, sent := echoRequest(5, pattern(4000)), s.sent
	for _, p := range pieces(len(message), 1480) {
		s.receiveFrame(fragment(9, message, p))
	}
	if s.sent != sent+3 {
		t.Errorf("an honest datagram was answered with %d frames, want 3", s.sent-sent)
	}
	suite.Row{
		Area: "attack", What: "fragment bomb", Source: "RFC 1858; RFC 8900", Tried: "65,536 first fragments, each of another datagram",
		Outcome: fmt.Sprintf("less than %d MB of memory for %d datagrams, the oldest goes; no answer; an honest datagram gets through behind it",
			maxGrown>>20, maxReassemblies),
	}.Report(t)
}

// The key of a datagram has four parts, and each counts (RFC 791 3.2).
func TestReassemblyKey(t *testing.T) {
	for name, change := range map[string]func(*layers.IPv4){
		"source":         func(ip *layers.IPv4) { ip.SrcIP = otherIP.AsSlice() },
		"protocol":       func(ip *layers.IPv4) { ip.Protocol = 99 },
		"identification": func(ip *layers.IPv4) { ip.Id = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				message := echoRequest(1, pattern(1600))
				b.Send(fragment(1, message, piece{0, 1480, true}))
				ip := ipv4From(peerIP, protocolICMP)
				ip.FragOffset = 1480 / 8
				change(ip)
				b.sendIPv4(ip, message[1480:])
				b.Silence()
				b.do(func() {
					if n := len(b.s.ipv4.reassemblies); n != 2 {
						b.Errorf("%d reassemblies, want two halves of two datagrams", n)
					}
				})
			})
		})
	}
}

// The options of the whole are those of the fragment with offset 0, wherever its
// bytes were when they came.
func TestReassemblyOptions(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		message := echoRequest(1, pattern(1392))
		b.Send(replaceHeader(fragment(1, message, piece{0, 1392, true}), unhex("07 07 04 00000000 00")))
		b.Send(fragment(1, message, piece{1392, 1400, false}))
		frame := b.One()
		if got := frame[etherHeaderLen+20:][:8]; !bytes.Equal(got, unhex("07 07 08 0a000004 00")) {
			b.Errorf("options % x", got)
		}
	})
}

// A datagram that contradicted itself ends in silence: it was counted before.
func TestContradictionTimesOutSilently(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		message := echoRequest(1, pattern(3000))
		b.Send(fragment(1, message, piece{0, 1480, true}))
		b.Send(fragment(1, message, piece{1472, 1488, true}))
		b.Advance(61 * time.Second)
		b.Silence()
		b.wantDropped(errFragmentTimeout, 0)
	})
}

// Whatever fragments come, a datagram is either put together exactly as it was,
// or not at all.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 10, 1, 10, 10, 0})
	f.Add([]byte{0, 10, 1, 5, 10, 0, 0, 3, 1})
	f.Fuzz(func(t *testing.T, program []byte) {
		s := New(nullDevice{}, quietConfig())
		defer s.Close()
		message := pattern(256 * 8 * 2)
		r := &reassembly{}
		for ; len(program) >= 3; program = program[3:] {
			from, n := int(program[0])*8, int(program[1])*8
			if program[2]&2 != 0 {
				n -= int(program[2] >> 2 & 7) // a last one that is no multiple of 8
			}
			h := ipv4Header{src: peerIP, dst: ourIP, protocol: protocolICMP, offset: from, moreFragments: program[2]&1 != 0}
			if n <= 0 || h.moreFragments && n%8 != 0 {
				continue
			}
			h.datagram = make([]byte, 28)
			piece := bytes.Clone(message[from : from+n])
			if program[2]&0x40 != 0 {
				piece[len(piece)/2]++ // a liar
				if r.count(from/8, (from+n-1)/8) == 0 {
					continue // whom nobody could catch
				}
			}
			_ = r.add(&h, piece)
			if r.dead {
				return
			}
			if r.units > len(r.data)/8+1 {
				t.Fatalf("%d units in %d bytes", r.units, len(r.data))
			}
			if r.complete() {
				if len(r.data) != r.total || !bytes.Equal(r.data, message[:r.total]) {
					t.Fatalf("put together wrongly: %d bytes of %d", len(r.data), r.total)
				}
				return
			}
		}
	})
}
