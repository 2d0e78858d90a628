package pcap

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	for _, test := range []struct {
		name string
		text []byte
		says string
	}{
		{"nothing", nil, "0 bytes are no capture"},
		{"text", []byte(strings.Repeat("a text ", 10)), "begins with 61 20 74 65"},
		{"another link", wifi, "the link type is 105"},
		{"cut in the frame", good[:len(good)-1], "in the middle of frame 1"},
		{"cut in a header", append(bytes.Clone(good), 1, 2, 3), "in the header of frame 2"},
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
