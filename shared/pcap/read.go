package pcap

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// LinkEthernet is the link type of frames that begin with an Ethernet header.
const LinkEthernet = 1

const (
	magicMicroseconds = 0xa1b2c3d4 // times in seconds and microseconds, as tcpdump writes them

	// maxFrame is more than any network carries: libpcap takes no capture either whose frames may be longer.
	maxFrame = 262144
)

// A Frame is one of a capture's.
type Frame struct {
	Time   time.Time // when it passed; zero if the capture does not say
	Link   int       // what it begins with: LinkEthernet, or another of the IANA's link types
	Length int       // how long it was on the cable, in bytes; the capture may have kept less
	Bytes  []byte    // what the capture kept. They are the Reader's, until its next call.
}

// Reader reads a capture frame by frame, in one of the two formats that are in use: the classic one, which Writer and
// tcpdump write, and pcapng, which Wireshark does. Its memory is that of one frame.
type Reader struct {
	r      *bufio.Reader
	next   func() (Frame, error) // of the format
	order  binary.ByteOrder
	frames int // so far
	buf    []byte

	unit  time.Duration // classic: of the second word of a time
	link  int           // classic
	faces []face        // pcapng: the interfaces of this section
}

// NewReader reads the beginning of a capture.
func NewReader(r io.Reader) (*Reader, error) {
	p := &Reader{r: bufio.NewReader(r)}
	magic, err := p.r.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("%d bytes are no capture", len(magic))
	}
	if binary.BigEndian.Uint32(magic) == blockSection { // which reads the same from either side
		p.next = p.nextNG
		return p, nil
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(magic) {
		case magicNanoseconds:
			p.order, p.unit = order, time.Nanosecond
		case magicMicroseconds:
			p.order, p.unit = order, time.Microsecond
		}
	}
	if p.order == nil {
		return nil, fmt.Errorf("no capture: neither the classic format nor pcapng begins with % x", magic)
	}
	header, err := p.read(fileHeaderLen)
	if err != nil {
		return nil, errors.New("the capture ends in its header")
	}
	p.link = int(p.order.Uint32(header[20:]) & 0xffff) // the upper bits say something about checksums at the frames' ends
	p.next = p.nextClassic
	return p, nil
}

// Next returns the next frame, and io.EOF after the last one. A capture that is damaged or ends in the middle of a
// frame gives an error that says where.
func (p *Reader) Next() (Frame, error) {
	f, err := p.next()
	switch {
	case err == io.EOF:
		return Frame{}, err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Frame{}, fmt.Errorf("the capture ends in the middle, after %d frames", p.frames)
	case err != nil:
		return Frame{}, fmt.Errorf("after %d frames: %w", p.frames, err)
	}
	p.frames++
	return f, nil
}

// nextClassic reads a record: its header, and the frame.
func (p *Reader) nextClassic() (Frame, error) {
	if _, err := p.r.Peek(1); err != nil {
		return Frame{}, err
	}
	h, err := p.read(recordHeaderLen)
	if err != nil {
		return Frame{}, io.ErrUnexpectedEOF
	}
	seconds, fraction := p.order.Uint32(h[0:]), p.order.Uint32(h[4:])
	kept, length := p.order.Uint32(h[8:]), p.order.Uint32(h[12:])
	if kept > maxFrame || length > 1<<30 {
		return Frame{}, fmt.Errorf("a frame of %d bytes, of which %d were kept, cannot be", length, kept)
	}
	b, err := p.read(int(kept))
	return Frame{
		Time: time.Unix(int64(seconds), int64(fraction)*int64(p.unit)),
		Link: p.link, Length: int(length), Bytes: b,
	}, err
}

// read returns the next n bytes, which are gone with the next call. Its error is io.ErrUnexpectedEOF if there are fewer.
func (p *Reader) read(n int) ([]byte, error) {
	if cap(p.buf) < n {
		p.buf = make([]byte, n)
	}
	_, err := io.ReadFull(p.r, p.buf[:n])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return p.buf[:n], err
}

// ReadFrames returns the frames of the capture file name, in order. All must be whole, and Ethernet's.
func ReadFrames(name string) ([][]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p, err := NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var frames [][]byte
	for {
		switch f, err := p.Next(); {
		case err == io.EOF:
			return frames, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case f.Link != LinkEthernet:
			return nil, fmt.Errorf("%s: frame %d has the link type %d, and that of Ethernet is %d", name, len(frames)+1, f.Link, LinkEthernet)
		case f.Length > len(f.Bytes):
			return nil, fmt.Errorf("%s: of frame %d only %d bytes of %d were kept", name, len(frames)+1, len(f.Bytes), f.Length)
		default:
			frames = append(frames, append([]byte{}, f.Bytes...))
		}
	}
}
