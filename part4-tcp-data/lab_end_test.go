//go:build linux

package main

import (
	"fmt"
	"regexp"
	"testing"

	"framebyframe/shared/suite"
)

// SIGINT and SIGTERM end the part at once although 200 connections are at work: with status 0, and each peer is told
// (RFC 9293 3.10.5), so that the kernel's sockets do not wait for an answer for minutes.
func TestLabEndUnderLoad(t *testing.T) {
	t.Parallel()
	outcome := ""
	for _, signal := range []string{"INT", "TERM"} {
		// A shell has its background commands ignore SIGINT, and they cannot be interrupted then: hence env.
		r := suite.Lab(t, "ss ip env", []string{"-q"}, suite.Shell(`
			env --default-signal=INT `+suite.SecondPart("-q 2>/run/says")+` & part=$!
			await 'grep -q ready: /run/says'; ip link set tap1 txqueuelen 30000
			`+helper(t, "hold")+` >/run/held & helper=$!
			await 'grep -q "at work" /run/held'
			began=$(date +%s%3N); kill -`+signal+` $part; wait $part; echo "status $?"
			echo "took $(($(date +%s%3N) - began)) ms"
			await '! ss -Htan state established | grep -q 10.0.1.4:7' && echo "none left"
			wait $helper; cat /run/held`)...)
		r.Want(t, 0, "status 0\n", "none left\n", "200 at work", " 0 hang, within ", "the helper is content")
		m := regexp.MustCompile(`(\d+ reset, \d+ closed).*within (\d+) ms`).FindStringSubmatch(r.Stdout)
		if m == nil || r.TookMS() > suite.EndsSoon {
			t.Fatalf("SIG%s: %d ms\n%s", signal, r.TookMS(), r.Stdout)
		}
		outcome += fmt.Sprintf("SIG%s: status 0 after %d ms; the kernel's 200 connections: %s, within %s ms. ", signal, r.TookMS(), m[1], m[2])
	}
	suite.Row{
		Area: "application", What: "a signal ends the program under load", Source: "RFC 9293 3.10.5",
		Tried:   "SIGINT and SIGTERM while 200 of the kernel's connections send and receive",
		Outcome: outcome + "None is left open",
	}.Report(t)
}

// SIGTERM ends the part while it has filled the windows of 50 of the kernel's connections,
// whose program does not read, and sends to 50 others as fast as it can. Each is told so that
// the kernel believes it, or asks while there is an answer (RFC 5961 3.2): none is left when
// the part is gone and cannot be asked.
func TestLabEndWithFullWindows(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss ip", []string{"-q"}, suite.Shell(
		suite.SecondPart("-q 2>/run/says")+` & part=$!
		await 'grep -q ready: /run/says'
		ip link set tap1 txqueuelen 30000 # or it loses the SYNs of those that come late
		`+helper(t, "mute")+` >/run/held & helper=$!
		await 'grep -q "are open" /run/held'
		echo "$(ss -Htan state established | grep -c 10.0.1.4:19) established"
		kill -TERM $part; wait $part; echo "status $?"
		await '! ss -Htan state established | grep -q 10.0.1.4:19' && echo "none left"
		kill $helper`)...)
	r.Want(t, 0, "100 established\n", "status 0\n", "none left\n")
	suite.Row{
		Area: "application", What: "a signal ends the program while peers read nothing, or all", Source: "RFC 9293 3.10.5, RFC 5961 3.2",
		Tried:   "SIGTERM while chargen has filled the windows of 50 of the kernel's connections, and 50 others read at full speed",
		Outcome: "None is left open",
	}.Report(t)
}

// The device is deleted in the middle of a download: the part ends with the reason, and does not hang.
func TestLabDeviceDeletedUnderLoad(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ip curl", []string{"-q"}, suite.Shell(
		suite.SecondPart("-q 2>/run/says")+` & part=$!
		await 'grep -q ready: /run/says'
		curl -s --max-time 250 -o /run/page http://10.0.1.4/bytes/100000000000 & curl=$!
		await '[ -e /run/page ] && [ $(stat -c %s /run/page) -gt 1000000 ]'; began=$(date +%s%3N); ip link delete tap1; wait $part; echo "status $?"
		echo "took $(($(date +%s%3N) - began)) ms"
		[ $(stat -c %s /run/page) -gt 1000000 ] && echo "$(stat -c %s /run/page) bytes had come"
		kill $curl; grep -v ready: /run/says`)...)
	r.Want(t, 0, "status 1\n", "bytes had come", "the device is lost: read tap1: file descriptor in bad state")
	if r.TookMS() > suite.EndsSoon {
		t.Errorf("took %d ms", r.TookMS())
	}
	suite.Row{
		Area: "application", What: "the TAP device is deleted under load", Source: "read(2), EBADFD",
		Tried:   "ip link delete in the middle of a download",
		Outcome: fmt.Sprintf("the program says so and ends with status 1 after %d ms", r.TookMS()),
	}.Report(t)
}
