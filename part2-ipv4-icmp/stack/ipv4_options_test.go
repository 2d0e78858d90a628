package stack

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// withOptions is an echo request whose header has this list of options, byte for
// byte, filled up with zeros.
func withOptions(list []byte) []byte {
	list = padOptions(bytes.Clone(list))
	datagram := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, []byte("options")))[etherHeaderLen:]
	header := append(bytes.Clone(datagram[:20]), list...)
	header[0] = 0x40 | byte(len(header)/4)
	binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(datagram)-20))
	binary.BigEndian.PutUint16(header[10:], 0)
	binary.BigEndian.PutUint16(header[10:], suite.Checksum(header))
	frame := ipv4Frame(ipv4From(peerIP, protocolICMP), nil)
	return append(append(frame[:etherHeaderLen], header...), datagram[20:]...)
}

// RFC 1122 3.2.2.6: a record route comes back with ourselves in it.
func TestRecordRoute(t *testing.T) {
	for _, test := range []struct {
		name       string
		list, want string // what is sent and what comes back
	}{
		{"empty", "07 0b 04 00000000 00000000 00", "07 0b 08 0a000004 00000000 00"},
		{"with one in it", "07 0b 08 0a000001 00000000 00", "07 0b 0c 0a000001 0a000004 00"},
		{"full", "07 0b 0c 0a000001 0a000002 00", "07 0b 0c 0a000001 0a000002 00"},
		{"ping -R", "01 07 27 08 0a000001" + zeros(32), "07 27 0c 0a000001 0a000004" + zeros(28) + "00"},
		{"with room for three bytes", "07 06 04 000000 0000", "07 06 04 000000 0000"},
		{"a pointer that points nowhere", "07 07 00 00000000 00", ""},
		{"a pointer into the header", "07 07 03 00000000 00", ""},
		{"no pointer", "07 02 0000", ""},
		{"behind two that we do not know", "01 01 1e 04 0000 07 07 04 00000000 00 00 00", "07 07 08 0a000004 00"},
		{"only what we do not know", "1e 04 0000 86 03 00 00", ""},
		{"the list ends before it", "00 07 07 04 00000000 00 00 00 00", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.Send(withOptions(unhex(test.list)))
				frame := b.One()
				b.wantEchoReply(frame, 1, []byte("options"))
				got := frame[etherHeaderLen:][20 : int(frame[etherHeaderLen]&15)*4]
				if !bytes.Equal(got, unhex(test.want)) {
					b.Errorf("options % x came back as % x, want %s", unhex(test.list), got, test.want)
				}
			})
		})
	}
}

func zeros(n int) string { return string(bytes.Repeat([]byte("00"), n)) }

// The same for timestamps, RFC 791 3.1. The bubble's time of day is midnight and
// a bit: the frames arrive a whole second after it began.
func TestTimestamp(t *testing.T) {
	for _, test := range []struct {
		name       string
		list, want string
	}{
		{"times only", "44 0c 05 00 00000000 00000000", "44 0c 09 00 000003e9 00000000"},
		{"addresses and times", "44 0c 05 01 00000000 00000000", "44 0c 0d 01 0a000004 000003e9"},
		{"at our address", "44 0c 05 03 0a000004 00000000", "44 0c 0d 03 0a000004 000003e9"},
		{"at another's address", "44 0c 05 03 0a000009 00000000", "44 0c 05 03 0a000009 00000000"},
		{"full", "44 08 09 00 00000007", "44 08 09 10 00000007"},
		{"overflowed already", "44 08 09 f0 00000007", ""},
		{"unknown flag", "44 08 05 02 00000000", ""},
		{"unknown flag, with room", "44 0c 05 02 00000000 00000000", ""},
		{"addresses full, and not ours", "44 08 09 03 0a000009", "44 08 09 03 0a000009"},
		{"room for half of one", "44 08 05 01 00000000", ""},
		{"pointer into the header", "44 08 04 00 00000000", ""},
		{"two bytes", "44 02 0000", ""},
		{"three bytes", "44 03 05 00", ""},
		{"a pointer that points nowhere", "44 08 00 00 00000000", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.Advance(time.Second)
				b.Send(withOptions(unhex(test.list)))
				frame := b.One()
				b.wantEchoReply(frame, 1, []byte("options"))
				got := frame[etherHeaderLen:][20 : int(frame[etherHeaderLen]&15)*4]
				if !bytes.Equal(got, unhex(test.want)) {
					b.Errorf("options % x came back as % x, want %s", unhex(test.list), got, test.want)
				}
			})
		})
	}
}

// RFC 7126 4.3.5 and 4.4.5: source routes are refused.
func TestSourceRouteIsRefused(t *testing.T) {
	for name, list := range map[string]string{
		"loose":           "83 07 04 0a000004 00",
		"strict":          "89 07 04 0a000004 00",
		"loose, finished": "83 07 08 0a000004 00",
		"behind others":   "01 07 07 04 00000000 83 07 04 0a000004 00",
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.Send(withOptions(unhex(list)))
				b.Silence()
				b.wantDropped(errIPv4SourceRoute, 1)
			})
		})
	}
}

// RFC 1122 3.2.2.5 and 3.2.1.8: a malformed option is complained of, and the
// pointer names the byte.
func TestMalformedOptions(t *testing.T) {
	for _, test := range []struct {
		name, list string
		pointer    uint8
	}{
		{"length 0", "07 00 0000", 20},
		{"length 1", "07 01 0000", 20},
		{"length beyond the header", "07 28 04 00", 20},
		{"no room for a length", "01 01 01 07", 23},
		{"the second one", "07 07 04 00000000 44 09 05 00 00", 27},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				frame := withOptions(unhex(test.list))
				b.Send(frame)
				b.wantDropped(errIPv4Option, 1)
				d := b.wantICMP(b.One(), icmpParameterProblem, 0)
				if d.icmp.Id != uint16(test.pointer)<<8 {
					b.Errorf("pointer %d, want %d", d.icmp.Id>>8, test.pointer)
				}
				if !bytes.HasPrefix(frame[etherHeaderLen:], d.icmp.Payload) {
					b.Errorf("quotes % x", d.icmp.Payload)
				}
			})
		})
	}
}

// RFC 791 3.1: options whose copied flag is 0 are in the first fragment only.
func TestCopiedOptions(t *testing.T) {
	for list, want := range map[string]string{
		"":                     "",
		"07 07 04 00000000 00": "",
		"94 04 0000":           "94 04 0000", // router alert, RFC 2113
		"01 07 07 04 00000000 94 04 0001 00 00 00": "94 04 0001",
		"82 03 00 86 03 00 00 00":                  "82 03 00 86 03 00 00 00",
	} {
		if got := copiedOptions(unhex(list)); !bytes.Equal(got, unhex(want)) {
			t.Errorf("of % x: % x, want %s", unhex(list), got, want)
		}
	}
}
