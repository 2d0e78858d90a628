package stack

import (
	"bytes"
	"encoding/binary"
	"testing"

	"framebyframe/shared/script"
)

// The end of the option list is its end, whatever comes behind it (RFC 9293 3.1, MUST-4:
// End of Option List "MUST be supported").
func TestScriptEndOfOptions(t *testing.T) {
	onBench(t, func(b *bench) {
		// Whoever took kind 0 for an option with a length would find an MSS behind it.
		b.Play(`
			+0 < S 0:0(0) win 1000 <raw 0002 020404b0 0000>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000`)
		b.do(func() {
			if got := b.conn(8000).snd.mss; got != defaultMSS {
				b.Errorf("an MSS of %d was read behind the end of the list", got)
			}
		})
	})
}

// "When received options are passed up to TCP from the IP layer, a TCP implementation MUST
// ignore options that it does not understand" (RFC 9293 3.9.2, MUST-50). Nor does a record
// route or a timestamp come back, as in an echo: MAY-10 and MAY-11 are not taken.
func TestScriptIPOptionsIgnored(t *testing.T) {
	for name, list := range map[string]string{
		"unknown":      "9e04 0000",
		"NOPs":         "0101 0101",
		"record route": "0707 0400 0000 0000",
		"timestamp":    "440c 0500 0000 0000 0000 0000",
	} {
		t.Run(name, func(t *testing.T) {
			onListening(t, func(b *bench, _ *Listener) {
				b.meet()
				syn, err := script.ParseSegment("8000>80 S 0:0(0) win 1000 <mss 1460>")
				if err != nil {
					t.Fatal(err)
				}
				frame, err := syn.Frame(script.Flow{
					SrcMAC: peerMAC, DstMAC: ourMAC, SrcIP: peerIP, DstIP: ourIP, SrcPort: 8000, DstPort: 80,
				})
				if err != nil {
					t.Fatal(err)
				}
				b.Send(insertIPOptions(frame, unhex(list)))
				answer := b.One()[etherHeaderLen:]
				if answer[0] != 0x45 || answer[ipv4MinHeaderLen+13] != flagSYN|flagACK {
					t.Errorf("answered % x, want a SYN,ACK in a datagram without options", answer)
				}
				if state := b.state(8000); state != stateSynReceived {
					t.Errorf("it is in %s", state)
				}
			})
		})
	}
}

// insertIPOptions puts options into the IPv4 header of a frame. The list is a multiple of
// four bytes long.
func insertIPOptions(frame, list []byte) []byte {
	list = padOptions(list)
	header := bytes.Clone(frame[etherHeaderLen:][:ipv4MinHeaderLen])
	header = append(header, list...)
	header[0] = 0x40 | byte(len(header)/4)
	binary.BigEndian.PutUint16(header[2:], binary.BigEndian.Uint16(header[2:])+uint16(len(list)))
	rechecksum(header)
	return append(append(bytes.Clone(frame[:etherHeaderLen]), header...), frame[etherHeaderLen+ipv4MinHeaderLen:]...)
}
