//go:build linux

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// Can: accept a connection, and refuse one where nobody listens: `nc -zv 10.0.0.4 80`
func TestLabTCPConnect(t *testing.T) {
	t.Parallel()
	// nc's words go to stdout, where the trace cannot come between them.
	suite.Lab(t, "nc", nil, suite.Shell(`nc -zvw60 10.0.0.4 80 2>&1 && ! nc -zvw60 10.0.0.4 81 2>&1`)...).
		Want(t, 0, "Connection to 10.0.0.4 80 port [tcp/http] succeeded!", "81 (tcp) failed: Connection refused",
			": LISTEN -> SYN-RECEIVED", ": SYN-RECEIVED -> ESTABLISHED", "dropped: TCP: nobody listens on this port")
	suite.Lab(t, "nc", []string{"-q", "-listen", "8080"}, suite.Shell(`nc -zvw60 10.0.0.4 8080 && ! nc -zvw60 10.0.0.4 80`)...).Want(t, 0)
}

// Each connection in a row succeeds, although from the 257th on the oldest has to
// make room.
func TestLabTCPManyConnections(t *testing.T) {
	t.Parallel()
	n := 1000
	if *suite.Long {
		n = 10_000
	}
	suite.Lab(t, "nc", []string{"-q"}, suite.Shell(fmt.Sprintf(
		`echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range # the kernel's TIME-WAIT takes a port each
		i=0; while [ $i -lt %d ]; do nc -zw60 10.0.0.4 80 || exit 1; i=$((i+1)); done; echo $i connected`, n))...).
		Want(t, 0, fmt.Sprintf("%d connected", n))
}

// nmap sees a conforming host: open and closed ports answer as RFC 9293 3.10.7 says.
//
// Can: answer a port scan as RFC 9293 says: `nmap -sS 10.0.0.4`
func TestLabTCPScans(t *testing.T) {
	t.Parallel()
	const patient, quick = "10s", "100ms" // how long nmap waits for an answer; quick where there is none
	scans := []struct {
		scan, wait string
		want       []string
	}{
		{"-sS", patient, []string{`80/tcp +open`, `81/tcp +closed`}},
		{"-sT", patient, []string{`80/tcp +open`, `81/tcp +closed`}},
		{"-sA", patient, []string{`80/tcp +unfiltered`, `81/tcp +unfiltered`}}, // a RST from both
		{"-sF", patient, []string{`81/tcp +closed`}},                           // a RST from CLOSED
		{"-sX", patient, []string{`81/tcp +closed`}},
		{"-sN", patient, []string{`81/tcp +closed`}},
		{"-sF", quick, []string{`80/tcp +open\|filtered`}}, // silence from LISTEN
		{"-sX", quick, []string{`80/tcp +open\|filtered`}},
		{"-sN", quick, []string{`80/tcp +open\|filtered`}},
	}
	right, all, names := 0, 0, map[string]bool{}
	for _, x := range scans {
		var ports []string
		for _, line := range x.want {
			ports = append(ports, line[:2])
		}
		r := suite.Lab(t, "nmap", []string{"-q"}, "nmap", "-n", "--max-retries", "1", "--min-rtt-timeout", x.wait, x.scan, "-p", strings.Join(ports, ","), "10.0.0.4")
		r.Want(t, 0)
		names[x.scan] = true
		for _, line := range x.want {
			all++
			if !regexp.MustCompile("(?m)^" + line).MatchString(r.Stdout) {
				t.Errorf("nmap %s: no line %q in\n%s", x.scan, line, r.Stdout)
				continue
			}
			right++
		}
	}
	suite.Row{Area: "interoperation", What: "nmap's scans", Source: "RFC 9293 3.10.7",
		Tried:   "an open port and a closed one, with each of " + strings.Join(slices.Sorted(maps.Keys(names)), ", "),
		Outcome: fmt.Sprintf("%d of %d ports found to be what they are", right, all)}.Report(t)
}

// RFC 6528: nobody can tell the next initial sequence number.
func TestLabTCPSequencePrediction(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nmap", []string{"-q"}, "nmap", "-n", "-O", "-v", "-p", "80,81", "10.0.0.4")
	r.Want(t, 0, "TCP Sequence Prediction: Difficulty=", "Good luck!")
	suite.Row{Area: "interoperation", What: "nmap -O", Source: "RFC 6528", Tried: "the probes of its TCP sequence prediction",
		Outcome: regexp.MustCompile(`TCP Sequence Prediction: .*`).FindString(r.Stdout)}.Report(t)
}

// Can: open one itself: `-dial 10.0.0.1:9999`
func TestLabTCPDial(t *testing.T) {
	t.Parallel()
	second := suite.LabDir + "/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 "
	suite.Lab(t, "nc ss", []string{"-q"}, suite.Shell(`
		nc -l -p 9999 >/dev/null & nc=$!
		await 'ss -Hltn | grep -q :9999'
		`+second+`-dial 10.0.1.1:9999 > /run/out & part=$!
		await 'grep -q ESTABLISHED /run/out && ss -Htn state established | grep -q 10.0.1.4'
		cat /run/out; ss -Htn state established
		kill $part; wait $part; echo "part ended with $?"; kill $nc 2>/dev/null
		`+second+`-dial 10.0.1.1:9998; echo "refused: $?"
		`+second+`-dial 10.0.1.99:9998; echo "nobody: $?"
		`+second+`-dial 10.0.1.1; echo "flag: $?"`)...).
		Want(t, 0, "ESTABLISHED: 10.0.1.1:9999", "10.0.1.1:9999 ", "part ended with 0",
			"dial 10.0.1.1:9998: the peer does not listen there: connection refused", "refused: 1",
			"dial 10.0.1.99:9998: no answer to ARP: no route to host", "nobody: 1", "flag: 2")
}

// The part is killed and started again, and the kernel still has its half of an old
// connection. The part answers it with a reset, and new ones work.
func TestLabTCPRestart(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "nc ss ip mkfifo", []string{"-q"}, suite.Shell(`
		start() {
			rm -f /run/says; `+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 2>/run/says & part=$!
			await 'grep -q ready: /run/says'
		}
		ip tuntap add tap1 mode tap
		start
		mkfifo /run/quiet; exec 8<>/run/quiet
		nc 10.0.1.4 80 <&8 & nc=$!
		await 'ss -Htn state established dst 10.0.1.4 | grep -q :80'
		echo "before: $(ss -Htn state established dst 10.0.1.4 | wc -l)"
		kill -9 $part; wait $part 2>/dev/null
		start
		nc -zw60 10.0.1.4 80 && echo "new: connected"
		nc -zw60 10.0.1.4 80 && echo "newer: connected"
		kill $part $nc; wait $part; true`)...).
		Want(t, 0, "before: 1", "new: connected", "newer: connected")
}
