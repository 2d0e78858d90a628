//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// Can: answer whoever asks for its address: `arping -I tap0 10.0.0.4`
func TestLabArping(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "arping", nil, "arping", "-I", "tap0", "-C", "3", "-w", "60", "10.0.0.4")
	r.Want(t, 0, " packets transmitted, 3 packets received",
		"ready: 10.0.0.4 (02:00:00:00:00:04) is this program; 10.0.0.1 (02:00:0a:00:00:01) is the kernel",
		"<- ARP, Request who-has 10.0.0.4 tell 10.0.0.1", "-> ARP, Reply 10.0.0.4 is-at 02:00:00:00:00:04")
	n := strings.Count(r.Stdout, "from 02:00:00:00:00:04 (10.0.0.4)")
	if n != 3 {
		t.Errorf("%d answers, want 3\n%s", n, r.Stdout)
	}
	suite.Row{Area: "interoperation", What: "arping", Source: "RFC 826",
		Tried: "3 questions", Outcome: fmt.Sprintf("%d answers", n)}.Report(t)
}

func TestLabArpingNobody(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "arping", nil, "arping", "-I", "tap0", "-c", "1", "-w", "1", "10.0.0.77").
		Want(t, 1, "1 packets transmitted, 0 packets received")
}

// The kernel's own table is filled by its own question, not by arping's.
//
// Can: be found by the kernel: `ip neigh` shows where it is, after a `ping`
func TestLabKernelLearns(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "arping ping ip", nil, suite.Shell(`
		arping -I tap0 -C1 -c1 -W60 10.0.0.4 >/dev/null; echo "after arping: [$(ip neigh show 10.0.0.4)]"
		await 'ping -c1 -W1 10.0.0.4 >/dev/null; ip neigh show 10.0.0.4 | grep -q REACHABLE'; echo "after ping: [$(ip neigh show 10.0.0.4)]"`)...).
		Want(t, 0, "after arping: []", "after ping: [10.0.0.4 dev tap0 lladdr 02:00:00:00:00:04 REACHABLE ]")
}

// Can: ask for somebody else, and wait for the answer: `-resolve 10.0.0.1`
func TestLabResolve(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "", []string{"-resolve", "10.0.0.1"})
	r.Want(t, 0, "-> ARP, Request who-has 10.0.0.1 tell 10.0.0.4", "<- ARP, Reply 10.0.0.1 is-at 02:00:0a:00:00:01")
	r = suite.Lab(t, "", []string{"-q", "-resolve", "10.0.0.1"})
	if r.Stdout != "02:00:0a:00:00:01\n" {
		t.Errorf("no line with the MAC alone:\n%s\n%s", r.Stdout, r.Stderr)
	}
	r = suite.Lab(t, "", []string{"-resolve", "10.0.0.99"})
	r.Want(t, 1, "who has 10.0.0.99? asked 3 times: no answer to ARP", "INCOMPLETE -> FAILED")
	if n := strings.Count(r.Stderr, "who-has 10.0.0.99 "); n != 3 {
		t.Errorf("%d questions, want 3", n)
	}
	suite.Lab(t, "", []string{"-resolve", "10.9.9.9"}).Want(t, 2, "-resolve 10.9.9.9 is not another host on our link 10.0.0.0/24")
}

// A reply that the cable eats is asked for again by the kernel; the trace shows
// where it went.
func TestLabDrop(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "arping", []string{"-drop", "1:Reply"}, "arping", "-I", "tap0", "-C", "1", "-w", "60", "10.0.0.4")
	r.Want(t, 0, "1 packets received", "-x ARP, Reply 10.0.0.4 is-at 02:00:00:00:00:04, length 28 (dropped by -drop)")
}

// Can: live with a bad cable: `-loss 5%`, `-delay 50ms`, `-duplicate 1%` and more
func TestLabFaultsOnTheCable(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "arping", []string{"-loss", "100%"}, "arping", "-I", "tap0", "-c", "2", "-w", "1", "10.0.0.4").
		Want(t, 1, "0 packets received", "x- ARP, Request who-has 10.0.0.4 tell 10.0.0.1, length 44 (lost)")
	suite.Lab(t, "ping ip", []string{"-delay", "50ms"}, suite.Shell(`
		await 'ping -c1 -W1 10.0.0.4 >/dev/null; ip neigh show 10.0.0.4 | grep lladdr'`)...).
		Want(t, 0, "lladdr 02:00:00:00:00:04")
	suite.Lab(t, "arping", []string{"-duplicate", "100%", "-seed", "7"}, "arping", "-I", "tap0", "-C", "1", "-c", "1", "-W", "60", "10.0.0.4").
		Want(t, 0, "(duplicated)")
}

// The capture can be read by tcpdump, and shows what passed.
//
// Can: write down what passes, for `tcpdump` and Wireshark: `-pcap arp.pcap`
func TestLabCapture(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "arp.pcap")
	suite.Lab(t, "arping", []string{"-pcap", file}, "arping", "-I", "tap0", "-C", "1", "-c", "1", "-W", "60", "10.0.0.4").Want(t, 0)
	suite.Lab(t, "tcpdump", nil, "tcpdump", "-n", "-r", file).
		Want(t, 0, "Request who-has 10.0.0.4 tell 10.0.0.1", "Reply 10.0.0.4 is-at 02:00:00:00:00:04")
	suite.Lab(t, "arping", []string{"-pcap", "/dev/full"}, "arping", "-I", "tap0", "-C", "1", "-c", "1", "-W", "60", "10.0.0.4").
		Want(t, 1, "1 packets received", "no space left on device")
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

// arping -0 asks as a host does that wants the address for itself (RFC 5227).
func TestLabProbe(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "arping", nil, "arping", "-0", "-I", "tap0", "-C", "1", "-c", "1", "-W", "60", "10.0.0.4").
		Want(t, 0, "<- ARP, Request who-has 10.0.0.4 tell 0.0.0.0", "-> ARP, Reply 10.0.0.4")
}

// The cable is unplugged and plugged in again while the part runs. It is stopped for a
// moment, so that the answer to a question that was in time comes too late. What it
// announces, twice, is over by then.
func TestLabLinkDownAndUp(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "arping ip", []string{"-q"}, suite.Shell("trap 'cat /run/says' EXIT\n"+suite.Another("2>/run/says")+`
		await '[ $(grep -c "Request who-has 10.0.1.4 tell 10.0.1.4" /run/says) -eq 2 ]'
		arping -I tap1 -C1 -c1 -W60 10.0.1.4 >/dev/null && echo "before: answered"
		cut() {
			kill -STOP $part; arping -I tap1 -c1 10.0.1.4 >/dev/null; ip link set tap1 down; kill -CONT $part
			for i in $(seq 100); do grep -q "output error" /run/says && return; sleep 0.1; done
			ip link set tap1 up; return 1
		}
		await cut; ip link set tap1 up
		arping -I tap1 -C1 -c1 -W60 10.0.1.4 >/dev/null && echo "after: answered"
		kill $part; wait $part`)...).
		Want(t, 0, "before: answered", "after: answered",
			"warning: device: write tap1: input/output error: what we send is lost until that is over",
			"warning: device: takes frames again, 1 were lost")
}

// A device that is deleted under the part ends it with the reason.
func TestLabDeviceDeleted(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ip", []string{"-q"}, suite.Shell(suite.Another("-q 2>/run/says")+`
		ip link delete tap1; wait $part; echo "status $?"; cat /run/says`)...).
		Want(t, 0, "status 1\n", "the device is lost: read tap1: file descriptor in bad state")
}

func TestLabFlagErrors(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "", []string{"-mtu", "20"}).Want(t, 2, "flag -mtu: want a number from 68 to 65521")
	suite.Lab(t, "", []string{"-tap", "lo"}).Want(t, 1, "lo: there is a device of that name that is no TAP device")
	suite.Lab(t, "", []string{"-pcap", "/no/such/folder/x"}).Want(t, 1, "-pcap: open /no/such/folder/x: no such file or directory")
	suite.Lab(t, "", []string{"-mac", "02:00:0a:00:00:01"}).Want(t, 2, "-mac 02:00:0a:00:00:01: the kernel's end of the cable has this address")
	prepared := `ip tuntap add tap7 mode tap; ip link set tap7 address 02:00:00:00:00:77 up; ` + suite.LabDir + `/part -q -tap tap7 -host "" -mac 02:00:00:00:00:77`
	suite.Lab(t, "ip", []string{"-q"}, suite.Shell(prepared)...).Want(t, 2, "-mac 02:00:00:00:00:77: the kernel's end of the cable has this address")
}
