// Package pcap writes frames to a capture file that Wireshark, tshark and
// tcpdump -r can read.
//
// The format is the classic one: a file header of 24 bytes, and before each
// frame a record header of 16 bytes with the time and the length.
package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"framebyframe/shared/spool"
)

const (
	magicNanoseconds = 0xa1b23c4d // times in seconds and nanoseconds
	versionMajor     = 2
	versionMinor     = 4
	snapLen          = 262144 // longer than any frame: nothing is ever cut
	linkTypeEthernet = 1

	fileHeaderLen   = 24
	recordHeaderLen = 16

	// queueBytes is how much a slow disk may lag behind before frames are
	// missing from the capture.
	queueBytes = 16 << 20
)

// Writer writes one capture. It may be used by several goroutines.
type Writer struct {
	mu     sync.Mutex
	w      io.Writer
	record []byte // header and frame of the record under construction
}

// NewWriter starts a capture on w with the file header.
func NewWriter(w io.Writer) (*Writer, error) {
	h := make([]byte, fileHeaderLen)
	binary.LittleEndian.PutUint32(h[0:], magicNanoseconds)
	binary.LittleEndian.PutUint16(h[4:], versionMajor)
	binary.LittleEndian.PutUint16(h[6:], versionMinor)
	// h[8:16], the time zone and the accuracy, stay 0 in every capture.
	binary.LittleEndian.PutUint32(h[16:], snapLen)
	binary.LittleEndian.PutUint32(h[20:], linkTypeEthernet)
	if _, err := w.Write(h); err != nil {
		return nil, fmt.Errorf("pcap: writing the file header: %w", err)
	}
	return &Writer{w: w}, nil
}

// WriteFrame appends a frame that passed at time t.
func (w *Writer) WriteFrame(t time.Time, frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := append(w.record[:0], make([]byte, recordHeaderLen)...)
	binary.LittleEndian.PutUint32(b[0:], uint32(t.Unix()))
	binary.LittleEndian.PutUint32(b[4:], uint32(t.Nanosecond()))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(frame)))  // bytes in the file
	binary.LittleEndian.PutUint32(b[12:], uint32(len(frame))) // bytes on the cable
	b = append(b, frame...)
	w.record = b
	_, err := w.w.Write(b)
	return err
}

// File is a capture on disk. Frames are written by a goroutine of its own, so
// that a slow or full disk never holds up the stack.
type File struct {
	*Writer
	file  *os.File
	spool *spool.Writer
}

// Create makes the file name, or empties it, and starts a capture there.
func Create(name string) (*File, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	sp := spool.New(f, queueBytes, nil)
	w, err := NewWriter(sp)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{Writer: w, file: f, spool: sp}, nil
}

// Close writes what still waits. Its error tells why the capture is not
// complete: the disk was full, or so slow that frames are missing.
func (f *File) Close() error {
	err := f.spool.Close()
	if cerr := f.file.Close(); err == nil {
		err = cerr
	}
	if lost := f.spool.Lost(); err == nil && lost > 0 {
		err = fmt.Errorf("%d frames are missing: the disk was too slow", lost)
	}
	if err != nil {
		return fmt.Errorf("capture %s: %w", f.file.Name(), err)
	}
	return nil
}
