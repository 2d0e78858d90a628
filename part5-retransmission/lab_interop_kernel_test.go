//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// A kernelCell is a way to set up the kernel's TCP.
type kernelCell struct {
	congestion              string
	timestamps, sack, scale int
}

// kernelCells returns every way, with -long, and else one for each of so many
// combinations of the three options.
func kernelCells(combinations int) []kernelCell {
	algorithms := kernelAlgorithms()
	var cells []kernelCell
	for combination := range 8 {
		for i, algorithm := range algorithms {
			if *suite.Long || combination >= 8-combinations && i == combination%len(algorithms) {
				cells = append(cells, kernelCell{algorithm, combination >> 2, combination >> 1 & 1, combination & 1})
			}
		}
	}
	return cells
}

// kernelAlgorithms returns those of the usual three that this kernel has.
func kernelAlgorithms() []string {
	has, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	return slices.DeleteFunc([]string{"reno", "cubic", "bbr"}, func(name string) bool {
		return !slices.Contains(strings.Fields(string(has)), name)
	})
}

// kernelSize is how many bytes each transfer has.
const kernelSize = 1_000_000

// setKernel is a shell's command that sets the kernel up so. The algorithm goes with the
// route to our server, since only the machine's own network, which the lab's is not, may
// have BBR as its default; where we are the client, it stays with what it had. ECN is
// asked for always (RFC 3168 6.1.1: a SYN with ECE and CWR).
func (c kernelCell) setKernel() string {
	return fmt.Sprintf(`cd /proc/sys/net/ipv4; echo 1 >tcp_ecn; echo 1 >tcp_no_metrics_save
		echo %[4]s 2>/dev/null >tcp_congestion_control
		echo %[1]d >tcp_timestamps; echo %[2]d >tcp_sack; echo %[3]d >tcp_window_scaling; cd /run
		ip route replace 10.0.0.0/24 dev tap0 proto kernel src 10.0.0.1 congctl %[4]s
		`, c.timestamps, c.sack, c.scale, c.congestion)
}

// transfers is a shell's four transfers of that cell: to and from our web server, with
// curl, and to and from the kernel's, with -nc and -get. Each that is right says so, and
// how many milliseconds it took. Behind each, what our client saw goes to the end of a
// capture that all clients share: a capture without its header of 24 bytes is one.
func (c kernelCell) transfers(flags, clients string) string {
	flags += " -pcap /run/client"
	down := sha256.Sum256(bytes.Repeat(apps.ChargenLines, kernelSize/len(apps.ChargenLines)+1)[:kernelSize])
	text := c.setKernel()
	for _, transfer := range []struct{ what, command string }{
		{"up", `curl -s --max-time 250 --data-binary @file http://10.0.0.4/ | grep -q $sum`},
		{"down", fmt.Sprintf(`curl -s --max-time 250 http://10.0.0.4/bytes/%d | sha256sum | grep -q %x`, kernelSize, down)},
		{"get", fmt.Sprintf(`%s | sha256sum | grep -q %x`, suite.SecondPart(fmt.Sprintf("-q %s -get http://10.0.1.1:8000/bytes/%d", flags, kernelSize)), down)},
		{"post", fmt.Sprintf(`{ printf 'POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n'; cat file; } | %s | grep -q $sum`,
			kernelSize, suite.SecondPart("-q "+flags+" -nc 10.0.1.1:8000"))},
	} {
		text += fmt.Sprintf("began=$(date +%%s%%N)\n%s && echo \"right: %v %s after $((($(date +%%s%%N)-began)/1000000)) ms\"\n",
			transfer.command, c, transfer.what)
		text += fmt.Sprintf("if [ -s /run/client ]; then [ -s %[1]s ] && tail -c +25 client >>%[1]s || cat client >%[1]s; rm client; fi\n", clients)
	}
	return text
}

// The kernel with each of its congestion controls, with and without timestamps (RFC 7323),
// SACK (RFC 2018) and window scaling, and with ECN asked for, which we do not do: what goes
// up and comes down is the same.
func TestLabInteropKernel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, flags  string
		combinations int // in the short run
	}{
		{"the Linux kernel's TCP", "", 8},
		{"the Linux kernel's TCP, we without options", "-plain", 3},
		{"the Linux kernel's TCP over a bad cable", mishaps, 3},
		{"the Linux kernel's TCP over a bad cable, we without options", mishaps + " -plain", 3},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			kernelMatrix(t, test.what, test.flags, kernelCells(test.combinations))
		})
	}
}

// kernelMatrix tries the cells with these flags.
func kernelMatrix(t *testing.T, what, flags string, cells []kernelCell) {
	const perRun = 8 // a lab has some minutes, and a transfer with losses may take seconds
	dir := t.TempDir()
	server, clients := filepath.Join(dir, "server"), filepath.Join(dir, "clients")
	var right []int // in so many milliseconds
	var seen handshakes
	opinion := newOpinion(flags)
	for some := range slices.Chunk(cells, perRun) {
		script := "cd /run; head -c 1000000 /dev/urandom >file; sum=$(sha256sum <file | cut -d' ' -f1)\n" +
			suite.StartServer(interopHelper(t, "web", ""), "8000")
		for _, c := range some {
			script += c.transfers(flags, clients)
		}
		r := suite.Lab(t, "curl ip ss sha256sum", append([]string{"-q", "-pcap", server}, strings.Fields(flags)...), suite.Shell(script+"kill $server")...)
		for _, m := range regexp.MustCompile(`right: .* after (\d+) ms`).FindAllStringSubmatch(r.Stdout, -1) {
			took, _ := strconv.Atoi(m[1])
			right = append(right, took)
		}
		if n := strings.Count(r.Stdout, "right: "); n != 4*len(some) {
			t.Errorf("%d of %d transfers are right:\n%s%s", n, 4*len(some), r.Stdout, r.Stderr)
		}
		seen.read(t, server, flags)
		opinion.read(t, server)
	}
	if *suite.Long { // it takes as long again
		opinion.allowed = append(opinion.allowed, resetOpinion) // the clients have one address
		opinion.read(t, clients)
	}
	if got, want := len(seen.combinations), min(8, len(cells)); got != want {
		t.Errorf("%d combinations of options were seen in the kernel's SYNs, want %d: %v", got, want, seen.combinations)
	}
	suite.Row{Area: "interoperation", What: what, Source: "RFC 9293, 7323, 2018, 3168 6.1.1",
		Tried: fmt.Sprintf("%d settings of the kernel: %s; timestamps, SACK, window scaling; ECN asked for%s. In each, 1 MB up and down as client and as server",
			len(cells), strings.Join(kernelAlgorithms(), ", "), withFlags(flags)),
		Outcome: fmt.Sprintf("%d of %d transfers have the right SHA-256, the slowest took %d ms; %d SYNs asked for ECN, %d of our frames took it; %v",
			len(right), 4*len(cells), slices.Max(append(right, 0)), seen.askedECN, seen.tookECN, opinion)}.Report(t)
}

// withFlags is a remark on the flags for a row.
func withFlags(flags string) string {
	if flags == "" {
		return ""
	}
	return "; " + flags
}
