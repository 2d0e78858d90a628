//go:build linux

package main

import (
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// makeFile makes a file of 20 MB of random bytes in the lab.
const makeFile = `head -c 20000000 /dev/urandom >/run/file
	`

// curl shows the page, and on it the connection that brought it.
//
// Can: serve web pages: `curl http://10.0.0.4/`
func TestLabCurlPage(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "curl ss ping", nil, suite.Shell(`curl -s http://10.0.0.4/; `+suite.UntilForgotten)...)
	r.Want(t, 0, "10.0.0.4:80 - 10.0.0.1:4", "ESTABLISHED", "RCV.WND", "LISTEN", "is at 02:00:0a:00:00:01")
	for _, step := range []string{": LISTEN -> SYN-RECEIVED", ": SYN-RECEIVED -> ESTABLISHED", ": ESTABLISHED -> CLOSE-WAIT", ": CLOSE-WAIT -> LAST-ACK", ": LAST-ACK -> CLOSED"} {
		if !strings.Contains(r.Stderr, step) {
			t.Errorf("no %q in the trace:\n%s", step, r.Stderr)
		}
	}
}

// 20 MB go up with curl, and the server's hash of them is that of sha256sum; 20 MB come
// down and are as many.
func TestLabCurlData(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "curl", []string{"-q"}, suite.Shell(makeFile+`
		curl -s --data-binary @/run/file http://10.0.0.4/ | tee /run/answer
		grep -q "$(sha256sum /run/file | cut -d' ' -f1)" /run/answer && echo same hash
		curl -s -T /run/file http://10.0.0.4/there | cmp - /run/answer && echo same answer to PUT
		echo "down: $(curl -s http://10.0.0.4/bytes/20000000 | wc -c)"`)...)
	r.Want(t, 0, "20000000 bytes, SHA-256 ", "same hash", "same answer to PUT", "down: 20000000")
	took, _, _ := strings.Cut(r.Stdout, ",")
	suite.Row{Area: "interoperation", What: "curl", Source: "RFC 9293", Tried: "POST, PUT and GET of 20 MB each",
		Outcome: took + " taken, with the right SHA-256; as many sent"}.Report(t)
}

// Two pages in one curl come over one connection: the port is the same, and the second
// time nothing is connected.
func TestLabCurlKeepAlive(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "curl", []string{"-q"}, "curl", "-s", "-o", "/dev/null", "-o", "/dev/null",
		"-w", "port %{local_port} connects %{num_connects}\n", "http://10.0.0.4/", "http://10.0.0.4/bytes/100000")
	r.Want(t, 0)
	m := regexp.MustCompile(`^port (\d+) connects 1\nport (\d+) connects 0\n$`).FindStringSubmatch(r.Stdout)
	if m == nil || m[1] != m[2] {
		t.Errorf("curl says:\n%s", r.Stdout)
	}
}

// 20 MB through echo come back identical, and discard takes them.
//
// Can: carry as many bytes as you like in both directions, each of them unchanged
func TestLabEcho(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc", []string{"-q"}, suite.Shell(makeFile+`
		nc -N 10.0.0.4 7 </run/file | tee /run/back | cmp - /run/file && echo identical
		nc -N 10.0.0.4 9 </run/file | wc -c; stat -c %s /run/back`)...)
	r.Want(t, 0, "identical\n0\n20000000\n")
	suite.Row{Area: "interoperation", What: "nc -N", Source: "RFC 862, RFC 9293 3.6", Tried: "20 MB through apps.Echo, and our close after its",
		Outcome: strings.TrimPrefix(strings.TrimSpace(r.Stdout), "identical\n0\n") + " bytes came back, identical"}.Report(t)
}

// 200 connections at once each get their own megabyte back from echo. The kernel's queue
// in front of the TAP, 1000 frames, would not hold 200 windows: it would lose what does
// not fit and send it again, and again, which is no test of ours.
func TestLabEchoCrowd(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ip", []string{"-q"}, suite.Shell("ip link set tap0 txqueuelen 20000 && "+helper(t, "crowd"))...).Want(t, 0, "the helper is content")
}

// daytime and chargen say what RFC 867 and 864 have them say.
//
// Can: tell the time, and fill a screen: `nc -d 10.0.0.4 13`, `nc -d 10.0.0.4 19`
func TestLabDaytimeAndChargen(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc", []string{"-q"}, suite.Shell(`nc -d 10.0.0.4 13; nc -d 10.0.0.4 19 2>/dev/null | head -c 148`)...)
	want := regexp.MustCompile(`^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \S+\r\n` +
		regexp.QuoteMeta(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n!\"#") + `.*h\r\n$`)
	if !want.MatchString(r.Stdout) {
		t.Errorf("got %q", r.Stdout)
	}
}

// A reader on the kernel's side that sleeps closes its window, and we wait until it is
// open again (RFC 9293 3.8.6: "the receiver's window is zero").
func TestLabSleepingReader(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss", []string{"-q"}, suite.Shell(sleepingReader(t)+suite.AwaitNoWindow("10.0.1.1")+`
		touch /run/go; wait $reader; kill $part; wait $part; grep -F -- '<- IP' /run/trace >&2`)...)
	r.Want(t, 0, "the helper is content")
	wantWindows(t, r.Stderr, `<- IP 10\.0\.1\.1\.\d+ > 10\.0\.1\.4\.19: .*, win (\d+),`)
}

// wantWindows checks that the window that segments in the trace give has been 0 and then
// more.
func wantWindows(t *testing.T, trace, pattern string) {
	t.Helper()
	windows := ""
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(trace, -1) {
		windows += m[1] + " "
	}
	if _, after, closed := strings.Cut(windows, " 0 "); !closed || strings.Trim(after, "0 ") == "" {
		t.Errorf("the windows, none of which is 0 before another that is not: %s", windows)
	}
}

// Whoever closes first is in TIME-WAIT afterwards, and the other has nothing left (RFC
// 9293 3.6, figure 12): the kernel in echo's case, we in daytime's.
//
// Can: close a connection from either side
func TestLabTimeWait(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc ss curl ping", nil, suite.Shell(`
		echo hello | nc -N 10.0.0.4 7
		`+suite.UntilForgotten+`
		echo "behind echo: $(ss -Htan dst 10.0.0.4 | awk '{print $1, $5}')."
		curl -s http://10.0.0.4/ | grep 'in TIME-WAIT'
		nc -d 10.0.0.4 13 >/dev/null
		`+suite.UntilForgotten+`
		echo "behind daytime: $(ss -Htan dst 10.0.0.4:13 | wc -l)."
		curl -s http://10.0.0.4/ | grep 'in TIME-WAIT'`)...)
	r.Want(t, 0, "hello\nbehind echo: TIME-WAIT 10.0.0.4:7.\n  and 0 in TIME-WAIT\n",
		"behind daytime: 0.\n  and 1 in TIME-WAIT\n",
		": ESTABLISHED -> FIN-WAIT-1", ": FIN-WAIT-1 -> FIN-WAIT-2", ": FIN-WAIT-2 -> TIME-WAIT")
}
