//go:build linux

package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// handshakes is what the SYNs in captures have.
type handshakes struct {
	combinations      map[string]int // of options in the kernel's SYNs
	askedECN, tookECN int
}

// read checks a capture: our SYN,ACK has the options that the SYN had, and no others, nor
// those that -plain forbids; and nothing of ours has to do with ECN (RFC 3168 6.1.1: a
// host that does not do it answers with neither ECE nor CWR).
func (h *handshakes) read(t *testing.T, file, flags string) {
	t.Helper()
	plain := strings.Contains(flags, "-plain")
	asked := map[layers.TCPPort]string{}
	eachSegment(t, file, func(ip layers.IPv4, tcp layers.TCP) {
		switch fromUs := ip.SrcIP.String() == "10.0.0.4"; {
		case fromUs && (tcp.ECE || tcp.CWR || ip.TOS&3 != 0):
			h.tookECN++
			t.Errorf("ECN in a segment of ours: %v", tcp)
		case fromUs && tcp.SYN:
			want := asked[tcp.DstPort]
			if plain {
				want = strings.NewReplacer("timestamps ", "", "SACK ", "").Replace(want)
			}
			if got := namesOfOptions(tcp); got != want {
				t.Errorf("our SYN,ACK has the options %s, want %s", got, want)
			}
		case tcp.SYN:
			options := namesOfOptions(tcp)
			asked[tcp.SrcPort] = options
			if h.combinations == nil {
				h.combinations = map[string]int{}
			}
			h.combinations[options]++
			if tcp.ECE && tcp.CWR {
				h.askedECN++
			}
		case !fromUs && ip.TOS&3 != 0:
			t.Errorf("the kernel thinks that we do ECN: %v", tcp)
		}
	})
	if h.askedECN == 0 {
		t.Error("no SYN asked for ECN")
	}
}

// namesOfOptions names the options of a SYN that may be there or not.
func namesOfOptions(tcp layers.TCP) (names string) {
	for _, o := range []struct {
		kind layers.TCPOptionKind
		name string
	}{{layers.TCPOptionKindTimestamps, "timestamps "}, {layers.TCPOptionKindSACKPermitted, "SACK "}, {layers.TCPOptionKindWindowScale, "scale "}} {
		if slices.ContainsFunc(tcp.Options, func(has layers.TCPOption) bool { return has.OptionType == o.kind }) {
			names += o.name
		}
	}
	return names
}

// eachSegment calls f for each TCP segment in a capture.
func eachSegment(t *testing.T, file string, f func(layers.IPv4, layers.TCP)) {
	t.Helper()
	capture, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer capture.Close()
	reader, err := pcapgo.NewReader(bufio.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, _, err := reader.ReadPacketData()
		if err != nil {
			return
		}
		var eth layers.Ethernet
		var ip layers.IPv4
		var tcp layers.TCP
		if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) == nil && eth.EthernetType == layers.EthernetTypeIPv4 &&
			ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) == nil && ip.Protocol == layers.IPProtocolTCP &&
			tcp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) == nil {
			f(ip, tcp)
		}
	}
}

// usualOpinions are the warnings of tshark about our frames that no TCP is to blame for.
var usualOpinions = []string{
	"TCP window specified by the receiver is now completely full", // the sender used all the window, as it may,
	"TCP Zero Window segment",                                     // until the reader has read
	"D-SACK Sequence",                                             // what came twice (RFC 2883), on a busy machine a probe that was early (RFC 8985 7)
	"This frame is a (suspected) out-of-order segment",            // on a busy machine, sent again because an ACK was late
	"New fragment overlaps old data (retransmission?)",            // the same; with other bytes it would "conflict"
}

// mishapOpinions are those that are the bad cable's doing.
var mishapOpinions = []string{
	"Previous segment(s) not captured (common at capture start)",   // lost before it came to us, or overtaken
	"ACKed segment that wasn't captured (common at capture start)", // the same
	resetOpinion, // answers an ACK that came twice, when LAST-ACK is over (RFC 9293 3.10.7.1)
}

// resetOpinion is of a reset, which also answers what the peer has left of a connection
// that a program before had with the same address (RFC 9293 3.5.2), and what comes when
// the program has closed without having read it (3.6.1).
const resetOpinion = "Connection reset (RST)"

// An expertOpinion is what tshark thinks of our frames in captures: "expert information"
// that is a warning or an error.
type expertOpinion struct {
	allowed  []string
	segments int
	found    map[string]int // of the allowed ones
}

// newOpinion begins an opinion of captures that are made with these flags of ours, with
// what else is allowed.
func newOpinion(flags string, allowed ...string) *expertOpinion {
	o := &expertOpinion{allowed: slices.Concat(usualOpinions, allowed), found: map[string]int{}}
	if strings.Contains(flags, mishaps) {
		o.allowed = append(o.allowed, mishapOpinions...)
	}
	return o
}

// read has tshark read a capture, and fails the test for whatever it should not find in
// the frames that we sent. It checks all checksums; the kernel's are whole, too, as they
// leave through a TAP device that has no offloads, but where the sum is 0 it writes its
// complement, which is RFC 768's way and not TCP's (RFC 1624 3 has both).
func (o *expertOpinion) read(t *testing.T, file string) {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("SKIP: tshark is not installed: nobody else looked at what passed on the cable")
	}
	eachSegment(t, file, func(layers.IPv4, layers.TCP) { o.segments++ })
	lines := tshark(t, file, "-q", "-z", "expert,warn,eth.src=="+ourMAC)
	for _, m := range regexp.MustCompile(`(?m)^ +(\d+) +\S+ +(Ethernet|ARP|IPv4|ICMP|TCP)  (.*)$`).FindAllStringSubmatch(lines, -1) {
		n, _ := strconv.Atoi(m[1])
		if !slices.Contains(o.allowed, m[3]) {
			frames := tshark(t, file, "-Y", fmt.Sprintf("_ws.expert.message == %q && eth.src == %v", m[3], ourMAC))
			t.Errorf("tshark finds, %d times in %s: %s\n%.2000s", n, m[2], m[3], frames)
		}
		o.found[m[3]] += n
	}
}

// tshark runs tshark on a capture. What the application's bytes mean is left out: they
// are encrypted or random.
func tshark(t *testing.T, file string, flags ...string) string {
	t.Helper()
	args := append([]string{"-n", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}, flags...)
	out, err := exec.Command("tshark", args...).Output()
	if err != nil {
		t.Fatalf("tshark %q: %v\n%s", flags, err, out)
	}
	return string(out)
}

// String is the opinion for a row.
func (o *expertOpinion) String() string {
	var warnings []string
	for _, what := range slices.Sorted(maps.Keys(o.found)) {
		warnings = append(warnings, fmt.Sprintf("%s (%d)", what, o.found[what]))
	}
	if len(warnings) == 0 {
		warnings = []string{"nothing"}
	}
	return fmt.Sprintf("tshark read %d segments and warns, of ours, of %s", o.segments, strings.Join(warnings, ", "))
}
