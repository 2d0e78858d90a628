package pcap

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// cable is a Device that gives out one frame and keeps what is written.
type cable struct {
	in      []byte
	written [][]byte
}

func (c *cable) Read(b []byte) (int, error) {
	if c.in == nil {
		return 0, io.EOF
	}
	n := copy(b, c.in)
	c.in = nil
	return n, nil
}

func (c *cable) Write(b []byte) (int, error) {
	c.written = append(c.written, bytes.Clone(b))
	return len(b), nil
}

func (c *cable) Close() error  { return nil }
func (c *cable) Buffered() int { return 7 }

// The file is read back by gopacket, an independent implementation.
func TestTeeWritesBothDirections(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.pcap")
	f, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	in, out := bytes.Repeat([]byte{1}, 60), bytes.Repeat([]byte{2}, 1514)
	inner := &cable{in: in}
	dev := Tee(inner, f.Writer)
	before := time.Now()
	b := make([]byte, 2000)
	if n, err := dev.Read(b); n != len(in) || err != nil {
		t.Fatalf("Read = %d, %v", n, err)
	}
	if n, err := dev.Write(out); n != len(out) || err != nil {
		t.Fatalf("Write = %d, %v", n, err)
	}
	if _, err := dev.Read(b); err != io.EOF {
		t.Fatalf("Read at the end: %v", err)
	}
	if got := dev.Buffered(); got != 7 {
		t.Errorf("Buffered = %d, want the inner device's 7", got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.LinkType() != layers.LinkTypeEthernet {
		t.Errorf("link type %v", r.LinkType())
	}
	for i, want := range [][]byte{in, out} {
		frame, info, err := r.ReadPacketData()
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		if !bytes.Equal(frame, want) || info.Length != len(want) {
			t.Errorf("record %d: %d bytes of %d, want %d", i, len(frame), info.Length, len(want))
		}
		if info.Timestamp.Before(before) || info.Timestamp.After(time.Now()) {
			t.Errorf("record %d: time %v", i, info.Timestamp)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("after the last record: %v", err)
	}
	if len(inner.written) != 1 || !bytes.Equal(inner.written[0], out) {
		t.Error("the frame did not go through unchanged")
	}
}

func TestFullDiskIsReportedAndHarmless(t *testing.T) {
	f, err := Create("/dev/full")
	if err != nil {
		t.Skip("SKIP: this system has no /dev/full: ", err)
	}
	inner := &cable{}
	dev := Tee(inner, f.Writer)
	for range 10 {
		if n, err := dev.Write(make([]byte, 60)); n != 60 || err != nil {
			t.Fatalf("Write = %d, %v: the capture's trouble reached the cable", n, err)
		}
	}
	if len(inner.written) != 10 {
		t.Errorf("%d frames went through, want 10", len(inner.written))
	}
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Close said %v, want that the disk is full", err)
	}
}

func TestHeaderError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := NewWriter(brokenWriter{broken}); !errors.Is(err, broken) {
		t.Errorf("NewWriter: %v", err)
	}
	if _, err := Create(t.TempDir() + "/no/such/folder"); err == nil {
		t.Error("Create in a folder that does not exist gave no error")
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
