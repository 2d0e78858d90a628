package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"time"
)

// pcapng (draft-ietf-opsawg-pcapng) is a chain of blocks. Each begins and ends with its length, so that what a reader
// does not know it can leave out:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                          Block Type                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Block Total Length                       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	/                          Block Body                           /
//	/              variable length, padded to 32 bits               /
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Block Total Length                       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
const (
	blockSection   = 0x0a0d0d0a // begins a section, which has its own byte order and interfaces
	blockInterface = 1
	blockPacket    = 2 // of old versions
	blockSimple    = 3
	blockEnhanced  = 6

	byteOrderMagic = 0x1a2b3c4d

	minBlock = 12
	// maxBlock has room for a frame and its options.
	maxBlock = 16 << 20
	// maxFaces is how many interfaces a section may have. Machines have fewer.
	maxFaces = 4096
)

// face is an interface from which frames came.
type face struct {
	link    int
	snapLen uint32 // its frames are cut there; 0: they are not
	units   uint64 // of its times, in a second; 0: finer ones than we can count
	offset  int64  // what is to be added to its times, in seconds
}

// time returns the time of so many units since 1970. One that no clock shows is the zero time.
func (f face) time(ticks uint64) time.Time {
	if f.units == 0 || ticks/f.units > 1<<36 {
		return time.Time{}
	}
	high, low := bits.Mul64(ticks%f.units, 1e9)
	nanoseconds, _ := bits.Div64(high, low, f.units)
	return time.Unix(int64(ticks/f.units)+f.offset, int64(nanoseconds))
}

// nextNG reads blocks up to one that has a frame.
func (p *Reader) nextNG() (Frame, error) {
	for {
		if _, err := p.r.Peek(1); err != nil {
			return Frame{}, err
		}
		kind, body, err := p.block()
		if err != nil {
			return Frame{}, err
		}
		switch kind {
		case blockInterface:
			if err := p.addFace(body); err != nil {
				return Frame{}, err
			}
		case blockEnhanced:
			return p.frame(body, 4)
		case blockPacket:
			return p.frame(body, 2) // whose number of the interface shares a word with the count of lost frames
		case blockSimple:
			return p.simple(body)
		}
	}
}

// block reads a block. Of one that nobody here understands, and that is too long, there is no body.
func (p *Reader) block() (kind uint32, body []byte, err error) {
	head, err := p.r.Peek(minBlock)
	if err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	if binary.BigEndian.Uint32(head) == blockSection {
		if err := p.beginSection(head); err != nil {
			return 0, nil, err
		}
	}
	if p.order == nil {
		return 0, nil, errors.New("a block before the first section")
	}
	kind, length := p.order.Uint32(head), p.order.Uint32(head[4:])
	if length < minBlock || length%4 != 0 {
		return 0, nil, fmt.Errorf("a block of %d bytes cannot be", length)
	}
	if length > maxBlock {
		switch kind {
		case blockInterface, blockPacket, blockSimple, blockEnhanced:
			return 0, nil, fmt.Errorf("a block of %d bytes is longer than any frame", length)
		}
		if _, err := io.CopyN(io.Discard, p.r, int64(length)); err != nil {
			return 0, nil, io.ErrUnexpectedEOF
		}
		return kind, nil, nil
	}
	b, err := p.read(int(length))
	if err != nil {
		return 0, nil, err
	}
	if again := p.order.Uint32(b[length-4:]); again != length {
		return 0, nil, fmt.Errorf("a block has %d bytes at its beginning and %d at its end", length, again)
	}
	return kind, b[8 : length-4], nil
}

// beginSection takes the byte order from a section's header.
func (p *Reader) beginSection(head []byte) error {
	p.faces = p.faces[:0]
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(head[8:]) == byteOrderMagic {
			p.order = order
			return nil
		}
	}
	return fmt.Errorf("a section whose byte order is % x", head[8:])
}

// addFace takes in the description of an interface.
func (p *Reader) addFace(body []byte) error {
	if len(body) < 8 {
		return errors.New("the description of an interface is too short")
	}
	if len(p.faces) == maxFaces {
		return fmt.Errorf("more than %d interfaces", maxFaces)
	}
	f := face{link: int(p.order.Uint16(body)), snapLen: p.order.Uint32(body[4:]), units: 1e6}
	for rest := body[8:]; len(rest) >= 4; {
		code, length := p.order.Uint16(rest), int(p.order.Uint16(rest[2:]))
		if rest = rest[4:]; length > len(rest) {
			return errors.New("an option of an interface is too long")
		}
		switch value := rest[:length]; {
		case code == 9 && length == 1: // if_tsresol
			f.units = resolution(value[0])
		case code == 14 && length == 8: // if_tsoffset
			f.offset = int64(p.order.Uint64(value))
		}
		rest = rest[min((length+3)&^3, len(rest)):]
	}
	p.faces = append(p.faces, f)
	return nil
}

// resolution returns how many units a second has: "If the Most Significant Bit is equal to zero, the remaining bits
// indicates the resolution of the timestamp as a negative power of 10 ... equal to one, ... of 2".
func resolution(tsresol byte) uint64 {
	n := tsresol & 0x7f
	switch {
	case tsresol&0x80 != 0 && n < 64:
		return 1 << n
	case tsresol&0x80 == 0 && n < 20:
		return uint64(math.Pow10(int(n)))
	}
	return 0
}

// frame reads a block with a frame. The number of its interface has so many bytes.
func (p *Reader) frame(body []byte, id int) (Frame, error) {
	if len(body) < 20 {
		return Frame{}, errors.New("a block is too short for a frame")
	}
	number := int(p.order.Uint16(body))
	if id == 4 {
		number = int(min(p.order.Uint32(body), math.MaxInt32))
	}
	if number >= len(p.faces) {
		return Frame{}, fmt.Errorf("a frame of interface %d, of which nothing was said", number)
	}
	f := p.faces[number]
	ticks := uint64(p.order.Uint32(body[4:]))<<32 | uint64(p.order.Uint32(body[8:]))
	kept, length := p.order.Uint32(body[12:]), p.order.Uint32(body[16:])
	if body = body[20:]; uint64(kept) > uint64(len(body)) || length > 1<<30 {
		return Frame{}, fmt.Errorf("a frame of %d bytes in a block that has %d", kept, len(body))
	}
	return Frame{Time: f.time(ticks), Link: f.link, Length: int(length), Bytes: body[:kept]}, nil
}

// simple reads a block that has a frame of the first interface, and no time.
func (p *Reader) simple(body []byte) (Frame, error) {
	if len(body) < 4 || len(p.faces) == 0 {
		return Frame{}, errors.New("a simple block without a frame, or without an interface")
	}
	length := p.order.Uint32(body)
	kept := min(uint64(length), uint64(len(body)-4))
	if limit := p.faces[0].snapLen; limit > 0 {
		kept = min(kept, uint64(limit))
	}
	if length > 1<<30 {
		return Frame{}, fmt.Errorf("a frame of %d bytes cannot be", length)
	}
	return Frame{Link: p.faces[0].link, Length: int(length), Bytes: body[4:][:kept]}, nil
}
