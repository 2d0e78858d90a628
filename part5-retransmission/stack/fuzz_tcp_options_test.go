package stack

import (
	"bytes"
	"encoding/binary"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// FuzzTCPOptions reads SACK and timestamps out of any list of options, as gopacket does if
// it takes the list, and finds again what it has written itself.
func FuzzTCPOptions(f *testing.F) {
	for _, list := range []string{"", "020405b4 0402 080a 00000001 00000000 01 030307", "0101 080a 00000001 00000002", "0101 050a 00000001 00000002",
		"0101 0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008", "0502 0000", "0503 0000", "0809 0000", "08 0a"} {
		f.Add(unhex(list))
	}
	for _, b := range suite.CapturedPayloads(f, etherHeaderLen+ipv4MinHeaderLen, suite.IsProtocol(protocolTCP)) {
		var seg segment
		if seg.parseHeader(b) == nil {
			f.Add(seg.options)
		}
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		if len(list) > 40 {
			return
		}
		opt := optionsIn(list)
		blocks, value, echo, stamped := opt.sack, opt.tsVal, opt.tsEcr, opt.timestamp
		if blocks.n > maxSACKBlocks || !stamped && (value|echo) != 0 {
			t.Errorf("% x: %+v, %d %d", list, blocks, value, echo)
		}
		compareTCPOptions(t, list)
		again := []byte{tcpOptionNOP, tcpOptionNOP, tcpOptionSACK, byte(2 + 8*blocks.n)}
		for _, block := range blocks.list[:blocks.n] {
			again = appendBlock(again, block)
		}
		if got := optionsIn(again).sack; got != blocks {
			t.Errorf("% x: %+v, and in % x %+v", list, blocks, again, got)
		}
	})
}

// compareTCPOptions compares what we find with what gopacket finds.
func compareTCPOptions(t *testing.T, list []byte) {
	t.Helper()
	list = bytes.Clone(list)
	for len(list)%4 != 0 {
		list = append(list, tcpOptionEnd)
	}
	header := append(make([]byte, tcpMinHeaderLen), list...)
	header[12] = byte(len(header)/4) << 4
	var tcp layers.TCP
	if tcp.DecodeFromBytes(header, gopacket.NilDecodeFeedback) != nil {
		return // it refuses malformed options, which we ignore (RFC 9293 3.1, MUST-7)
	}
	opt := optionsIn(list)
	seen := make(map[layers.TCPOptionKind]bool)
	for _, o := range tcp.Options {
		if seen[o.OptionType] || len(o.OptionData) < 8 {
			continue // the first of a kind counts, if it has the length that it has to have
		}
		seen[o.OptionType] = o.OptionType != layers.TCPOptionKindTimestamps || len(o.OptionData) == 8
		switch {
		case o.OptionType == layers.TCPOptionKindTimestamps && len(o.OptionData) == 8:
			value, echo, found := opt.tsVal, opt.tsEcr, opt.timestamp
			if !found || binary.BigEndian.Uint32(o.OptionData) != value || binary.BigEndian.Uint32(o.OptionData[4:]) != echo {
				t.Errorf("% x: %d %d %v; gopacket has %x", list, value, echo, found, o.OptionData)
			}
		case o.OptionType == layers.TCPOptionKindSACK:
			blocks := opt.sack
			var ours []byte
			for _, block := range blocks.list[:blocks.n] {
				ours = appendBlock(ours, block)
			}
			if !bytes.HasPrefix(o.OptionData, ours) || len(o.OptionData)-len(ours) >= 8 {
				t.Errorf("% x: %x; gopacket has %x", list, ours, o.OptionData)
			}
		}
	}
}
