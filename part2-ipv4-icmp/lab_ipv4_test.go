//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Every size that ping can send comes back, in one frame or in many: three times each.
// Behind the last of several questions ping waits for two round trips only, which is too
// short on a computer that has much to do.
//
// Can: answer `ping 10.0.0.4`, in one frame or in many fragments
func TestLabPingSizes(t *testing.T) {
	t.Parallel()
	ways := []string{"-s 0", "-s 56", "-s 1472 -M do", "-s 1473", "-s 4000", "-s 60000", "-s 65507", "-t 1"}
	answers := 0
	for _, options := range ways {
		one := "ping -c1 -W60 " + options + " 10.0.0.4"
		r := suite.Lab(t, "ping", []string{"-q"}, suite.Shell(one+" && "+one+" && "+one)...)
		r.Want(t, 0, "1 packets transmitted, 1 received, 0% packet loss")
		answers += strings.Count(r.Stdout, "bytes from 10.0.0.4: icmp_seq=")
	}
	suite.Row{Area: "interoperation", What: "ping", Source: "RFC 792",
		Tried:   "3 echoes with each of " + strings.Join(ways, ", "),
		Outcome: fmt.Sprintf("%d of %d came back", answers, 3*len(ways))}.Report(t)
}

func TestLabPingDuplicatedFragments(t *testing.T) {
	t.Parallel()
	const one = "ping -c1 -W60 -s 4000 10.0.0.4"
	suite.Lab(t, "ping", []string{"-q", "-duplicate", "50%"}, suite.Shell(one+" && "+one+" && "+one)...).
		Want(t, 0, "1 packets transmitted, 1 received")
}

// Can: fill in the options of IPv4: `ping -R 10.0.0.4`
func TestLabPingRecordRoute(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ping", nil, "ping", "-n", "-c1", "-W60", "-R", "10.0.0.4").
		Want(t, 0, "RR: \t10.0.0.1\n\t10.0.0.4\n")
	suite.Lab(t, "ping", nil, "ping", "-n", "-c1", "-W60", "-T", "tsandaddr", "10.0.0.4").
		Want(t, 0, "TS: \t10.0.0.1", "\t10.0.0.4\t")
}

// The kernel itself refuses to send a source route, so a socket option that
// nmap can set does.
func TestLabSourceRouteIsRefused(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "nmap", nil, "nmap", "-n", "-sO", "-p", "99", "--max-retries", "0", "--ip-options", "L 10.0.0.4", "--send-ip", "10.0.0.4").
		Want(t, 0, "dropped: IPv4: source route")
}

func TestLabPingNobody(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ping", nil, "ping", "-c1", "-W1", "10.0.0.5")
	r.Want(t, 1, "1 packets transmitted, 0 received", "dropped: ARP: another host is asked, or answered")
	if strings.Contains(r.Stderr, "-> IP") {
		t.Errorf("we answered for somebody else:\n%s", r.Stderr)
	}
}

// 20,000 echoes as fast as they come back: none is lost. ping lets only root do
// that; anybody else has to wait two milliseconds between any two. It does not wait
// long for the last one, so that the frames that come back are counted, too. The
// kernel's queue is long enough for all of them, should the part have to wait.
func TestLabPingFlood(t *testing.T) {
	t.Parallel()
	n, pace := "20000", "-f"
	if os.Getuid() != 0 {
		n, pace = "2000", "-i0.002"
	}
	r := suite.Lab(t, "ping ip awk", []string{"-q"}, suite.Shell(strings.NewReplacer("tap1", "tap0").Replace(suite.CountAnswers)+`
		ip link set tap0 txqueuelen 30000; before=$(frames)
		ping -q `+pace+` -c`+n+` 10.0.0.4
		await '[ $(($(frames) - before)) -ge `+n+` ]' && echo "all came back"`)...)
	r.Want(t, 0, n+" packets transmitted, ", "all came back")
	suite.Row{Area: "interoperation", What: "ping -f", Source: "RFC 792", Tried: "ping " + pace + " -c" + n,
		Outcome: regexp.MustCompile(`.* packet loss, time \d+ms`).FindString(r.Stdout)}.Report(t)
}

// Can: say which protocols it does not speak: `nmap -sO 10.0.0.4`
func TestLabProtocolScan(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nmap", []string{"-q"}, "nmap", "-n", "-sO", "--min-rtt-timeout", "10s", "-p", "1,99,253", "10.0.0.4")
	r.Want(t, 0)
	for _, state := range []string{`1 +open +icmp`, `99 +closed`, `253 +closed`} {
		if !regexp.MustCompile("(?m)^" + state).MatchString(r.Stdout) {
			t.Errorf("no line %q in\n%s", state, r.Stdout)
		}
	}
}

// Can: ping others: `-ping 10.0.0.1`
func TestLabOurPing(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "", []string{"-q", "-ping", "10.0.0.1", "-count", "2"}).
		Want(t, 0, "PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.", "64 bytes from 10.0.0.1: icmp_seq=2 ttl=64 time=",
			"2 packets transmitted, 2 received, 0% packet loss")
	suite.Lab(t, "", []string{"-q", "-ping", "10.0.0.99", "-count", "1"}).
		Want(t, 1, "icmp_seq=1: no answer to ARP: no route to host", "ping 10.0.0.99: no answer to ARP")
	suite.Lab(t, "", []string{"-ping", "10.0.0.4", "-count", "1"}).Want(t, 0, "64 bytes from 10.0.0.4: icmp_seq=1 ttl=64", "0 frames sent")
	suite.Lab(t, "", []string{"-q", "-ping", "10.0.0.255"}).Want(t, 2, "-ping 10.0.0.255 is not a single host's address")
	suite.Lab(t, "", []string{"-gateway", "10.0.1.1"}).Want(t, 2, "-gateway 10.0.1.1 is not another host on our link")
	suite.Lab(t, "", []string{"-ping", "10.0.0.1", "-count", "0"}).Want(t, 2, "flag -count: want a number from 1 to 65535")
}

// A second namespace behind the kernel: our datagrams go through the gateway,
// and so do the answers to what comes from there.
//
// Can: be reached from other networks, and reach them, through a gateway
func TestLabRouted(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ip ping", nil, suite.Shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		ip netns exec far ping -n -c1 -W60 10.0.0.4
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -gateway 10.0.1.1 -ping 192.0.2.7 -count 2
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -ping 198.51.100.9 -count 1; true`)...)
	r.Want(t, 0, "64 bytes from 10.0.0.4: icmp_seq=1 ttl=63",
		"64 bytes from 192.0.2.7: icmp_seq=2 ttl=63", "2 packets transmitted, 2 received",
		"From 10.0.1.1 icmp_seq=1 destination net unreachable", "ping 198.51.100.9: 10.0.1.1 says: destination net unreachable")
}

// Every checksum of ours is right, says tcpdump, and so says gopacket.
func TestLabChecksums(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ping.pcap")
	suite.Lab(t, "ping nmap", []string{"-q", "-pcap", file}, suite.Shell(`
		ping -c1 -R 10.0.0.4; ping -c1 -s 4000 10.0.0.4; ping -c1 -s 1 10.0.0.4
		nmap -n -sO -p 99,253 10.0.0.4`)...).Want(t, 0)
	r := suite.Lab(t, "tcpdump", []string{"-q"}, "tcpdump", "-n", "-vv", "-r", file)
	r.Want(t, 0, "ICMP echo reply")
	for _, bad := range []string{"bad cksum", "wrong icmp cksum"} {
		if strings.Contains(r.Stdout, bad) {
			t.Errorf("tcpdump finds a %s:\n%s", bad, r.Stdout)
		}
	}
	checkCapture(t, file)
}

// checkCapture checks the header and ICMP checksums of our frames in a capture.
func checkCapture(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for {
		frame, _, err := reader.ReadPacketData()
		if err != nil {
			break
		}
		var eth layers.Ethernet
		var ip layers.IPv4
		if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || eth.EthernetType != layers.EthernetTypeIPv4 ||
			eth.SrcMAC.String() != ourMAC {
			continue
		}
		ours++
		if err := ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback); err != nil {
			t.Errorf("gopacket: %v in % x", err, frame)
		}
		if suite.Checksum(eth.Payload[:int(ip.IHL)*4]) != 0 {
			t.Errorf("header checksum is wrong: % x", frame)
		}
		if ip.Protocol == layers.IPProtocolICMPv4 && !isPiece(ip) && suite.Checksum(ip.Payload) != 0 {
			t.Errorf("ICMP checksum is wrong: % x", frame)
		}
	}
	if ours < 5 {
		t.Errorf("only %d frames of ours in the capture", ours)
	}
}

func isPiece(ip layers.IPv4) bool {
	return ip.FragOffset > 0 || ip.Flags&layers.IPv4MoreFragments != 0
}

// The cable is cut for a while, and pinged through before and after.
func TestLabPingThroughALinkFailure(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ping ip", nil, suite.Shell(`
		ping -c1 -W60 10.0.0.4 >/dev/null && echo before
		ip link set tap0 down; sleep 0.5; ip link set tap0 up
		ping -c1 -W60 10.0.0.4 >/dev/null && echo after`)...).Want(t, 0, "before", "after")
}
