package stack

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/pcap"

	"github.com/google/gopacket/layers"
)

func TestTraceLines(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(capturedRequest)
		b.Send(request(otherMAC, otherIP, peerIP))
		want := strings.TrimLeft(`
00:00:00.000001 <- ARP, Request who-has 10.0.0.4 tell 10.0.0.1, length 28
00:00:00.000001    ARP: 10.0.0.1: NONE -> REACHABLE
00:00:00.000001    ARP: 10.0.0.1 is at 02:00:0a:00:00:01
00:00:00.000001 -> ARP, Reply 10.0.0.4 is-at 02:00:00:00:00:04, length 28
00:00:00.001001 <- ARP, Request who-has 10.0.0.1 tell 10.0.0.9, length 28
00:00:00.001001    dropped: ARP: another host is asked, or answered
`, "\n")
		if got := b.Log.String(); got != want {
			b.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestQuietFormatsNothing(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.trace = false
		b.Send(capturedRequest)
		b.Send([]byte{1})
		if log := b.Log.String(); log != "" {
			b.Errorf("with the trace off there is\n%s", log)
		}
		b.Send(request(otherMAC, ourIP, ourIP)) // a conflict is worth a line even so
		b.WantLog("warning: address conflict")
	})
}

func init() {
	tcpdumpFrames = append(tcpdumpFrames,
		capturedRequest, capturedReply, capturedArping,
		request(ourMAC, ourIP, ourIP),
		request(otherMAC, noIP, ourIP),
		arpFrame(ourMAC, peerMAC, layers.ARPRequest, peerMAC, peerIP, ourMAC, ourIP),
		arpFrame(ourMAC, peerMAC, layers.ARPReply, peerMAC, peerIP, MAC{}, ourIP),
		snapRequest)
}

// The words are tcpdump's, so that a reader can hold the two side by side.
func TestTraceSpeaksTcpdump(t *testing.T) {
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("SKIP: tcpdump is not installed (Debian package tcpdump): the trace's words are not compared")
	}
	// tcpdump gives up root's rights before it reads: the file must be where
	// everybody may look.
	dir, err := os.MkdirTemp("", "trace")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "frames.pcap")
	f, err := pcap.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range tcpdumpFrames {
		f.WriteFrame(time.Now(), frame)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tcpdump, "-n", "-t", "-r", name).Output()
	if err != nil {
		t.Fatalf("tcpdump: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(tcpdumpFrames) {
		t.Fatalf("tcpdump printed %d lines for %d frames:\n%s", len(lines), len(tcpdumpFrames), out)
	}
	log := &bytes.Buffer{}
	s := New(nullDevice{}, testConfig(log))
	defer s.Close()
	for _, frame := range tcpdumpFrames {
		s.traceFrame(traceIn, frame)
	}
	for i, ours := range strings.Split(strings.TrimSpace(log.String()), "\n") {
		if _, got, _ := strings.Cut(ours, traceIn); got != strings.TrimSpace(lines[i]) {
			t.Errorf("\n    ours %s\n tcpdump %s", got, lines[i])
		}
	}
}

// A frame that no layer here can read is described all the same.
func TestDescribeAnything(t *testing.T) {
	for frame, want := range map[string]string{
		"":                                    "[frame is shorter than an Ethernet header], length 0",
		"020000000004 02000a000001 0010 00":   "[802.3 frame: shorter than its length says], length 15",
		"020000000004 02000a000001 0001 00":   "[802.3 frame without an EtherType], length 15",
		"020000000004 02000a000001 88b5 0102": "02:00:0a:00:00:01 > 02:00:00:00:00:04, ethertype 0x88b5, length 16",
		"020000000004 02000a000001 0806 0102": "[ARP: packet is shorter than 28 bytes], length 2",
	} {
		if got := Describe(unhex(frame)); got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
}
