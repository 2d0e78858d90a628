//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// fakeEcho answers as a part with an echo on every port does. It keeps no state: what it needs is in each segment. change
// may spoil an answer's fields.
func fakeEcho(change func(seq, ack *uint32, flags *byte, data *string)) func([]byte) []byte {
	return func(frame []byte) []byte {
		if bytes.Equal(frame[12:14], []byte{0x08, 0x06}) {
			return arpReply(partMAC, partIP, frame[6:12], thirdIP)
		}
		question := frame[34:]
		flags, data := question[13], string(question[question[12]>>4*4:])
		ack := binary.BigEndian.Uint32(question[4:]) + uint32(len(data))
		seq := binary.BigEndian.Uint32(question[8:])
		answer := byte(tcpACK)
		switch {
		case flags == tcpSYN:
			seq, ack, answer = 5000, ack+1, tcpSYN|tcpACK
		case data != "":
			answer |= tcpPSH
		default:
			return nil
		}
		change(&seq, &ack, &answer, &data)
		src := netip.AddrPortFrom(partIP, binary.BigEndian.Uint16(question[2:]))
		dst := netip.AddrPortFrom(thirdIP, binary.BigEndian.Uint16(question[0:]))
		return ipv4Frame(frame[6:12], partMAC, 1, 6, partIP, thirdIP, tcpSegment(src, dst, seq, ack, answer, 1000, data))
	}
}

// TestTalkNotices checks that the step is content with a part that answers as it should, and with no other.
func TestTalkNotices(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(seq, ack *uint32, flags *byte, data *string)
		fails  string
	}{
		{"right", func(*uint32, *uint32, *byte, *string) {}, ""},
		{"one byte is another", func(_, _ *uint32, _ *byte, data *string) { *data = strings.Replace(*data, "b", "d", 1) }, "came back as"},
		{"no data", func(_, _ *uint32, _ *byte, data *string) { *data = "" }, "no ACK from the part"},
		{"a wrong acknowledgment", func(_, ack *uint32, _ *byte, data *string) { *ack += uint32(len(*data)) }, "acknowledges 29 of our stream, want 15"},
		{"a wrong number", func(seq, _ *uint32, flags *byte, _ *string) {
			if *flags&tcpSYN == 0 {
				*seq++
			}
		}, "begins at 2 of its stream, want 1"},
		{"a FIN too early", func(_, _ *uint32, flags *byte, _ *string) { *flags |= tcpFIN }, "answers a SYN with SYN FIN ACK"},
		{"a reset", func(_, _ *uint32, flags *byte, _ *string) {
			if *flags&tcpSYN == 0 {
				*flags = tcpRST
			}
		}, "the part sends RST, want ACK"},
	} {
		var out bytes.Buffer
		b := &bench{out: &out, cable: &fakeCable{answer: fakeEcho(test.change)}, mac: hostMAC, ip: hostIP}
		err := talk(b)
		switch {
		case test.fails == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
			t.Errorf("%s: error %v, want %q", test.name, err, test.fails)
		}
	}
}

// TestTCPSegment compares a segment with one that the kernel made, with its checksum.
func TestTCPSegment(t *testing.T) {
	want := []byte{
		0x9e, 0xf4, 0x00, 0x07, 0x0a, 0x4e, 0x03, 0x9d, 0x48, 0x2d, 0xd1, 0x80,
		0x50, 0x18, 0x00, 0x3f, 0x00, 0x00, 0x00, 0x00, 'h', 'e', 'l', 'l', 'o', '\n',
	}
	src, dst := netip.AddrPortFrom(hostIP, 40692), netip.AddrPortFrom(partIP, 7)
	got := tcpSegment(src, dst, 0x0a4e039d, 0x482dd180, tcpPSH|tcpACK, 63, "hello\n")
	sum := slices.Clone(got[16:18])
	got[16], got[17] = 0, 0
	if !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
	// The 16-bit words of the pseudo header and the segment, added by hand in another way.
	total := 0x0a00 + 0x0001 + 0x0a00 + 0x0004 + 6 + len(want)
	for i := 0; i < len(want); i += 2 {
		total += int(want[i])<<8 | int(want[i+1])
	}
	if check := uint16(0xffff - total%0xffff); binary.BigEndian.Uint16(sum) != check {
		t.Errorf("the checksum is % x, want %04x", sum, check)
	}
	size := 0
	for _, field := range dataFields {
		size += field.size
	}
	if size != 14+20+20 {
		t.Errorf("the fields have %d bytes, want 54", size)
	}
}

// TestDemoOfDataOnCable needs no right at all, so it never skips.
func TestDemoOfDataOnCable(t *testing.T) {
	t.Parallel()
	runLab(t, "demo", "-cable", "4").expect(t, 0, "have arrived", "LAST-ACK -> CLOSED", "TIME-WAIT", "Silence for 1s", "left out", "Your turn")
}

func TestDemoOfDataOnTAP(t *testing.T) {
	needNetwork(t)
	t.Parallel()
	runLab(t, "demo", "4").expect(t, 0, "have arrived", "LAST-ACK -> CLOSED", "TIME-WAIT", "Silence for 1s", "200 OK", "Your turn")
}
