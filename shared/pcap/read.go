package pcap

import (
	"encoding/binary"
	"fmt"
	"os"
)

const magicMicroseconds = 0xa1b2c3d4 // times in seconds and microseconds, as tcpdump writes them

// ReadFrames returns the frames of the capture file name, in order. It takes what Writer and tcpdump write, of machines
// of either byte order.
func ReadFrames(name string) ([][]byte, error) {
	rest, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(rest) < fileHeaderLen {
		return nil, fmt.Errorf("%s: %d bytes are no capture, whose header alone has %d", name, len(rest), fileHeaderLen)
	}
	order, err := byteOrder(rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var frames [][]byte
	for rest = rest[fileHeaderLen:]; len(rest) > 0; {
		if len(rest) < recordHeaderLen {
			return nil, fmt.Errorf("%s ends in the header of frame %d", name, len(frames)+1)
		}
		n := order.Uint32(rest[8:])
		if rest = rest[recordHeaderLen:]; uint64(n) > uint64(len(rest)) {
			return nil, fmt.Errorf("%s ends in the middle of frame %d", name, len(frames)+1)
		}
		frames, rest = append(frames, rest[:n:n]), rest[n:]
	}
	return frames, nil
}

// byteOrder tells from a file header how the capture's numbers are written.
func byteOrder(header []byte) (binary.ByteOrder, error) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if magic := order.Uint32(header); magic == magicNanoseconds || magic == magicMicroseconds {
			if link := order.Uint32(header[20:]); link != linkTypeEthernet {
				return nil, fmt.Errorf("the link type is %d, and that of Ethernet is %d", link, linkTypeEthernet)
			}
			return order, nil
		}
	}
	return nil, fmt.Errorf("no capture in the classic format: it begins with % x (editcap -F pcap makes one of pcapng)", header[:4])
}
