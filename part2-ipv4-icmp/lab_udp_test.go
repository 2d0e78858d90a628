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

// Can: answer on UDP: `echo hello | nc -u -w1 10.0.0.4 7`, and 13 tells the time
func TestLabUDPServices(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc", []string{"-q"}, suite.Shell(`
		ask() { printf "$2" | nc -u -W1 -w60 10.0.0.4 $1; }
		echo "echo: $(ask 7 hello)"
		echo "daytime: $(ask 13 x)"
		echo "chargen: $(ask 19 x)"`)...)
	r.Want(t, 0, "echo: hello\n", `chargen:  !"#$%&'()*+,-./0123456789:;<=>?@ABC`)
	if !regexp.MustCompile(`(?m)^daytime: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \w+`).MatchString(r.Stdout) {
		t.Errorf("no time in\n%s", r.Stdout)
	}
}

// A datagram of each length up to the longest comes back as it went, in one frame or in many
// fragments. (nc would cut the longest: what it reads at once is 16 kB.)
func TestLabUDPSizes(t *testing.T) {
	t.Parallel()
	sizes := []int{1, 2, 1471, 1472, 1473, 4000, 65507}
	script := ""
	for _, n := range sizes {
		script += fmt.Sprintf(`
			head -c %d /dev/urandom >/run/sent; exec 3<>/dev/udp/10.0.0.4/7
			dd if=/run/sent bs=70000 status=none >&3; timeout 60 dd bs=70000 count=1 status=none <&3 >/run/came
			cmp /run/sent /run/came && echo "%d came back"`, n, n)
	}
	r := suite.Lab(t, "bash cmp", []string{"-q"}, "bash", "-c", script)
	for _, n := range sizes {
		r.Want(t, 0, fmt.Sprintf("%d came back", n))
	}
}

// Can: say which UDP ports are closed: `nmap -sU -p 7,80 10.0.0.4`
func TestLabUDPScan(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nmap nc", []string{"-q"}, suite.Shell(`
		nmap -n -sU --min-rtt-timeout 10s -p 7,13,80,53 10.0.0.4
		nc -zuv -w1 10.0.0.4 80; echo "closed: $?"`)...)
	for _, state := range []string{`7/udp +open +echo`, `13/udp +open +daytime`, `53/udp +closed`, `80/udp +closed`} {
		if !regexp.MustCompile("(?m)^" + state).MatchString(r.Stdout) {
			t.Errorf("no line %q in\n%s", state, r.Stdout)
		}
	}
	r.Want(t, 0, "closed: 1")
}

// What is for all is not answered by the services, and no port is called unreachable.
func TestLabUDPBroadcast(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc", nil, suite.Shell(`
		for port in 7 81; do echo all | nc -u -b -w1 10.0.0.255 $port; done; true`)...)
	r.Want(t, 0, "> 10.0.0.255.7: UDP, length 4", "dropped: UDP: broadcast", "dropped: UDP: nobody has opened this port")
	if strings.Contains(r.Stderr, "-> IP") {
		t.Errorf("we answer:\n%s", r.Stderr)
	}
}

// Every UDP checksum of ours is right, says tcpdump, and so says gopacket.
func TestLabUDPChecksums(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "udp.pcap")
	suite.Lab(t, "nc nmap", []string{"-q", "-pcap", file}, suite.Shell(`
		for n in 1 2 3 100 1000; do head -c $n /dev/urandom | nc -u -W1 -w60 10.0.0.4 7 >/dev/null; done
		nmap -n -sU -p 7,13,19,53,80 10.0.0.4`)...).Want(t, 0)
	r := suite.Lab(t, "tcpdump", []string{"-q"}, "tcpdump", "-n", "-vv", "-r", file)
	r.Want(t, 0, "10.0.0.4.7 >", "udp sum ok")
	if strings.Contains(r.Stdout, "bad udp cksum") || strings.Contains(r.Stdout, "bad cksum") {
		t.Errorf("tcpdump finds a bad checksum:\n%s", r.Stdout)
	}
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
		packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		ip, _ := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		udp, _ := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if udp == nil || packet.LinkLayer().LinkFlow().Src().String() != ourMAC {
			continue
		}
		ours++
		sent := udp.Checksum
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		buf := gopacket.NewSerializeBuffer()
		err = gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, udp, gopacket.Payload(udp.Payload))
		if err != nil || udp.Checksum != sent {
			t.Errorf("checksum %04x, gopacket computes %04x, %v", sent, udp.Checksum, err)
		}
	}
	if ours < 7 {
		t.Errorf("only %d datagrams of ours in the capture", ours)
	}
}

// A second namespace behind the kernel, which is the router. traceroute finds us from there, and we
// find our way there.
//
// Can: find the way to another host: `-traceroute 10.0.0.1`
func TestLabTraceroute(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ip traceroute", nil, suite.Shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		ip netns exec far traceroute -n -w 60 -N 1 -q 1 10.0.0.4
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -traceroute 192.0.2.7
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -traceroute 198.51.100.9
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -traceroute 10.0.1.99; echo "status $?"`)...)
	times := regexp.MustCompile(`\d+\.\d{3} ms`)
	r.Stdout = times.ReplaceAllString(r.Stdout, "… ms")
	r.Want(t, 0, " 1  192.0.2.1  … ms\n 2  10.0.0.4  … ms\n",
		"traceroute to 192.0.2.7 (192.0.2.7), 30 hops max, 60 byte packets\n 1  10.0.1.1  … ms  … ms  … ms\n 2  192.0.2.7  … ms  … ms  … ms\n",
		" 1  10.0.1.1  … ms !N", "no answer to ARP: no route to host", "status 1")
}
