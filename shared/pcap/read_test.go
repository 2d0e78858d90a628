package pcap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// TestReadFrames reads what a Writer has written, and the same with the numbers the other way round.
func TestReadFrames(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{{1, 2, 3}, {}, bytes.Repeat([]byte{7}, 1514)}
	for _, frame := range want {
		if err := w.WriteFrame(time.Unix(1, 2), frame); err != nil {
			t.Fatal(err)
		}
	}
	other := bytes.Clone(b.Bytes())
	binary.BigEndian.PutUint32(other, magicMicroseconds)
	binary.BigEndian.PutUint32(other[20:], linkTypeEthernet)
	at := fileHeaderLen
	for _, frame := range want {
		binary.BigEndian.PutUint32(other[at+8:], uint32(len(frame)))
		binary.BigEndian.PutUint32(other[at+12:], uint32(len(frame)))
		at += recordHeaderLen + len(frame)
	}
	for name, text := range map[string][]byte{"ours": b.Bytes(), "big-endian": other} {
		got, err := ReadFrames(fileOf(t, text))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d frames, %v", name, len(got), err)
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%s: frame %d is % x", name, i+1, got[i])
			}
		}
	}
}

// TestReadFramesRefuses tries files that are no captures, or not whole.
func TestReadFramesRefuses(t *testing.T) {
	var b bytes.Buffer
	w, _ := NewWriter(&b)
	w.WriteFrame(time.Unix(1, 2), []byte{1, 2, 3})
	good := b.Bytes()
	wifi := bytes.Clone(good)
	wifi[20] = 105
	cut, long := bytes.Clone(good), bytes.Clone(good)
	cut[fileHeaderLen+12], long[fileHeaderLen+10] = 9, 255
	for _, test := range []struct {
		name string
		text []byte
		says string
	}{
		{"cut by the one who captured", cut, "only 3 bytes of 9 were kept"},
		{"a length that cannot be", long, "cannot be"},
		{"nothing", nil, "0 bytes are no capture"},
		{"text", []byte(strings.Repeat("a text ", 10)), "begins with 61 20 74 65"},
		{"another link", wifi, "the link type 105"},
		{"cut in the frame", good[:len(good)-1], "ends in the middle, after 0 frames"},
		{"cut in a header", append(bytes.Clone(good), 1, 2, 3), "ends in the middle, after 1 frames"},
	} {
		if _, err := ReadFrames(fileOf(t, test.text)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := ReadFrames("no/such.cap"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func fileOf(t *testing.T, text []byte) string {
	name := filepath.Join(t.TempDir(), "x.cap")
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestReaderNG reads what gopacket writes, and holds it against what was written.
func TestReaderNG(t *testing.T) {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeLinuxSLL, SnapLength: 100, TimestampResolution: 9})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_700_000_000, 123_456_789)
	for i := range 5 {
		ci := gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(i) * time.Second), CaptureLength: i, Length: 10 * i, InterfaceIndex: i % 2 * other}
		if err := w.WritePacket(ci, bytes.Repeat([]byte{byte(i)}, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		f, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		link := map[int]int{0: LinkEthernet, 1: int(layers.LinkTypeLinuxSLL)}[i%2]
		if want := start.Add(time.Duration(i) * time.Second); !f.Time.Equal(want) || f.Link != link || f.Length != 10*i || !bytes.Equal(f.Bytes, bytes.Repeat([]byte{byte(i)}, i)) {
			t.Errorf("frame %d: %v, link type %d, %d bytes of %d", i, f.Time, f.Link, len(f.Bytes), f.Length)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last frame: %v", err)
	}
}

// block makes a block of pcapng, whose numbers are big-endian.
func block(kind uint32, words ...uint32) []byte {
	length := uint32(12 + 4*len(words))
	b := binary.BigEndian.AppendUint32(nil, kind)
	b = binary.BigEndian.AppendUint32(b, length)
	for _, word := range words {
		b = binary.BigEndian.AppendUint32(b, word)
	}
	return binary.BigEndian.AppendUint32(b, length)
}

// Blocks by hand, as draft-ietf-opsawg-pcapng has them: what gopacket does not write.
func TestReaderNGByHand(t *testing.T) {
	section := block(blockSection, byteOrderMagic, 1<<16, 0xffffffff, 0xffffffff)
	ether := block(blockInterface, 1<<16, 0)
	halves := block(blockInterface, 1<<16, 0, 9<<16|1, 0x81<<24, 14<<16|8, 0, 1000, 0) // half seconds, from 1000 s on
	for _, test := range []struct {
		name   string
		blocks [][]byte
		want   string // the last frame
		says   string // the error after it; "": none
	}{
		{"simple", [][]byte{section, ether, block(blockSimple, 3, 0x01020300)}, "- 3 010203", ""},
		{"simple, cut by the snap length", [][]byte{section, block(blockInterface, 1<<16, 2), block(blockSimple, 3, 0x01020300)}, "- 3 0102", ""},
		{"an old packet block", [][]byte{section, ether, block(blockPacket, 7, 0, 2_500_000, 4, 5, 0x01020304)}, "2.5 5 01020304", ""},
		{"another unit, and an offset", [][]byte{section, halves, block(blockEnhanced, 0, 0, 5, 1, 1, 0xff000000)}, "1002.5 1 ff", ""},
		{"a block that is not known", [][]byte{section, ether, block(0x0bad, 1, 2, 3), block(blockSimple, 1, 0x07000000)}, "- 1 07", ""},
		{"a second section", [][]byte{section, ether, section, ether, block(blockSimple, 1, 0x07000000)}, "- 1 07", ""},
		{"a second section forgets interfaces", [][]byte{section, ether, section, block(blockEnhanced, 0, 0, 5, 1, 1, 0xff000000)}, "", "interface 0, of which nothing was said"},
		{"no interface", [][]byte{section, block(blockSimple, 1, 0)}, "", "without an interface"},
		{"more bytes than there are", [][]byte{section, ether, block(blockEnhanced, 0, 0, 5, 5, 5, 0)}, "", "a frame of 5 bytes in a block that has 4"},
		{"two lengths", [][]byte{section, ether[:len(ether)-4], {0, 0, 0, 21}}, "", "20 bytes at its beginning and 21 at its end"},
		{"an odd length", [][]byte{section, {0, 0, 0, 1, 0, 0, 0, 13, 0, 0, 0, 0}}, "", "a block of 13 bytes cannot be"},
		{"a huge block", [][]byte{section, {0, 0, 0, 6, 0xf0, 0, 0, 0, 0, 0, 0, 0}}, "", "longer than any frame"},
		{"a huge block that is not known", [][]byte{section, {0, 0, 0, 9, 0xf0, 0, 0, 0, 0, 0, 0, 0}}, "", "ends in the middle"},
		{"cut", [][]byte{section, ether[:10]}, "", "ends in the middle"},
		{"no byte order", [][]byte{block(blockSection, 1, 2, 3, 4)}, "", "byte order is 00 00 00 01"},
	} {
		r, err := NewReader(bytes.NewReader(bytes.Join(test.blocks, nil)))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		last := ""
		for err == nil {
			var f Frame
			if f, err = r.Next(); err == nil {
				at := "-"
				if !f.Time.IsZero() {
					at = fmt.Sprint(float64(f.Time.UnixNano()) / 1e9)
				}
				last = fmt.Sprintf("%s %d %x", at, f.Length, f.Bytes)
			}
		}
		if last != test.want || (err == io.EOF) != (test.says == "") || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %q and %v, want %q and %q", test.name, last, err, test.want, test.says)
		}
	}
}

// FuzzReader gives the Reader anything. It ends, with an error or without, and what it takes for a whole classic capture
// gopacket does, too, frame by frame.
func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	w, _ := NewWriter(&b)
	w.WriteFrame(time.Unix(1, 2), []byte{1, 2, 3})
	f.Add(b.Bytes())
	f.Add(bytes.Join([][]byte{block(blockSection, byteOrderMagic, 1<<16, 0xffffffff, 0xffffffff), block(blockInterface, 1<<16, 0, 9<<16|1, 0x81<<24), block(blockEnhanced, 0, 0, 5, 1, 1, 0xff000000)}, nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewReader(bytes.NewReader(text))
		if err != nil {
			return
		}
		theirs, refused := pcapgo.NewReader(bytes.NewReader(text))
		if refused == nil {
			theirs.SetSnaplen(maxFrame)
		}
		for range len(text) + 1 {
			frame, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				return
			}
			if len(frame.Bytes) > len(text) {
				t.Fatalf("a frame of %d bytes in a file of %d", len(frame.Bytes), len(text))
			}
			if refused == nil {
				data, info, err := theirs.ReadPacketData()
				if err == nil && (!bytes.Equal(data, frame.Bytes) || info.Length != frame.Length) {
					t.Fatalf("% x of %d, gopacket has % x of %d", frame.Bytes, frame.Length, data, info.Length)
				}
				refused = err
			}
		}
		t.Fatal("there are more frames than bytes")
	})
}
