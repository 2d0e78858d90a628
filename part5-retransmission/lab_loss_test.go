//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// labJob is one run of this part in the lab.
type labJob struct {
	name    string
	flags   string
	command string
	wants   []string
}

// usualKernel has the kernel do congestion control as most do. Some have BBR instead,
// which takes much loss for a slow path: it was seen to send a segment each 250 ms over
// a cable without any delay, for minutes.
const usualKernel = `cd /proc/sys/net/ipv4; for c in reno cubic; do echo $c 2>/dev/null >tcp_congestion_control; done; cd /run
	`

// together runs all jobs at the same time: they wait much more than they work.
func together(t *testing.T, tools string, jobs []labJob) {
	t.Helper()
	suite.Lab(t, tools, []string{"-q"}, "true") // skips the test if there is no lab
	var all sync.WaitGroup
	for _, job := range jobs {
		all.Go(func() {
			start := time.Now()
			r := suite.Lab(t, tools, flagsOf(job.flags), suite.Shell(usualKernel+job.command)...)
			took := time.Since(start)
			for _, want := range job.wants {
				if !regexp.MustCompile(want).MatchString(r.Stdout + r.Stderr) {
					t.Errorf("%s: no %q", job.name, want)
				}
			}
			if t.Failed() {
				t.Logf("%s: status %d after %v\nstdout:\n%s\nstderr:\n%s", job.name, r.Status, took, r.Stdout, lastLines(r.Stderr))
			}
			t.Logf("%s: %.1f s", job.name, took.Seconds())
		})
	}
	all.Wait()
}

// flagsOf splits flags at blanks; _ stands for one that is part of a flag.
func flagsOf(text string) []string {
	flags := strings.Fields(text)
	for i := range flags {
		flags[i] = strings.ReplaceAll(flags[i], "_", " ")
	}
	return flags
}

func lastLines(text string) string { return text[max(0, len(text)-5000):] }

// echoed has so many bytes come back from apps.Echo, identical.
func echoed(bytes int) string {
	return fmt.Sprintf(`head -c %d /dev/urandom >/run/file
		timeout 250 nc -N 10.0.0.4 7 </run/file | cmp - /run/file && echo identical`, bytes)
}

// Two megabytes through echo come back identical, whatever the cable does.
//
// Can: carry data unchanged over a cable that loses, doubles, reorders and corrupts: `-loss 5% -reorder 20%`
func TestLabLossEcho(t *testing.T) {
	t.Parallel()
	identical := []string{"identical"}
	together(t, "nc", []labJob{
		{"loss", "-q -loss 5%", echoed(2_000_000), identical},
		{"duplicate", "-q -duplicate 50%", echoed(2_000_000), identical},
		{"reorder", "-q -reorder 20%", echoed(2_000_000), identical},
		{"corrupt", "-q -corrupt 2%", echoed(2_000_000), identical},
		{"all", "-q -loss 5% -duplicate 50% -reorder 20% -corrupt 2%", echoed(2_000_000), identical},
	})
}

// What takes long arrives, too: a page although each frame takes two seconds, longer than the first RTO; and a
// download in the middle of which the cable is cut.
//
// Can: wait: for a cable that is cut for a while, or slower than its first guess
func TestLabLossPatience(t *testing.T) {
	t.Parallel()
	cut := 3
	if *suite.Long {
		cut = 10
	}
	together(t, "nc curl ip", []labJob{
		{"slow", "-q -delay 2s", `curl -s --max-time 250 -o /run/page -w '%{http_code} %{size_download}\n' http://10.0.0.4/bytes/1000`, []string{`200 1000\n`}},
		{"cut", "-q -rate 20mbit", fmt.Sprintf(`
			curl -s --max-time 250 -o /run/page -w '%%{http_code} %%{size_download}\n' http://10.0.0.4/bytes/5000000 & curl=$!
			await '[ -e /run/page ] && [ $(stat -c %%s /run/page) -gt 1000000 ]'; ip link set tap0 down; sleep %d; ip link set tap0 up
			wait $curl; echo "curl ended with $?"`, cut), []string{`200 5000000\n`, "curl ended with 0"}},
	})
	suite.Row{
		Area: "application", What: "the link goes down under load", Source: "RFC 9293 3.8.3",
		Tried:   fmt.Sprintf("ip link set tap0 down for %d s in the middle of a download by curl, and up again", cut),
		Outcome: "curl gets all 5000000 bytes and ends with 0",
	}.Report(t)
}

// Over a cable that loses a quarter of all frames, each way, what arrives is what was
// sent. How long it takes is a matter of luck, the kernel's above all: five losses in a
// row, and it waits for half a minute. So there are several runs, and one must get to the
// end within its time.
func TestLabLossHeavy(t *testing.T) {
	t.Parallel()
	size := 20_000
	if *suite.Long {
		size = 200_000
	}
	for seed := 2; seed <= 9; seed++ {
		r := suite.Lab(t, "nc", []string{"-q", "-loss", "25%", "-seed", fmt.Sprint(seed)}, suite.Shell(usualKernel+fmt.Sprintf(`
			head -c %d /dev/urandom >/run/file
			timeout 40 nc -N 10.0.0.4 7 </run/file >/run/back
			head -c $(stat -c %%s /run/back) /run/file | cmp - /run/back && echo "so far identical"
			cmp -s /run/file /run/back && echo complete`, size))...)
		if !strings.Contains(r.Stdout, "so far identical") {
			t.Errorf("seed %d: what came back is something else: %s%s", seed, r.Stdout, r.Stderr)
		}
		if strings.Contains(r.Stdout, "complete") {
			t.Logf("%d bytes came back with seed %d", size, seed)
			return
		}
	}
	t.Errorf("%d bytes came back with none of the seeds", size)
}

// Each cliffhanger of the parts before is gone: a lost SYN,ACK, data, FIN and window
// update are sent again, or asked for.
func TestLabLossCliffhangers(t *testing.T) {
	t.Parallel()
	ask := `echo hello | timeout 250 nc -N 10.0.0.4 7 && echo "nc ended with $?"`
	wants := []string{`hello\n`, "nc ended with 0", `dropped by -drop`}
	together(t, "nc ss ping", []labJob{
		{"SYN,ACK", "-drop 1:[S.]", ask, wants},
		{"data", "-drop 1:[P.]", ask, append(wants, "sending again|seq 1:7.*\n(?s:.*)seq 1:7")},
		{"FIN", "-drop 1:[F.]", ask + "\n" + suite.UntilForgotten + `
			ss -Htan dst 10.0.0.4`, append(wants, `TIME-WAIT +0`, "LAST-ACK -> CLOSED")},
		{"three in a row", "-drop 1:length_6 -drop 2:length_6 -drop 3:length_6", ask, wants},
	})
}

// A window update that is lost is asked for: the cable is cut while the reader whose
// buffer was full begins to read. First the reader is on the kernel's side, and we ask;
// then it is on ours, and the kernel does.
func TestLabLossWindowUpdate(t *testing.T) {
	t.Parallel()
	together(t, "ip ss", []labJob{
		{"the kernel's", "-q", sleepingReader(t) + suite.AwaitNoWindow("10.0.1.1") + `
			ip link set tap1 down; touch /run/go
			await 'ss -Htn dst 10.0.1.4 | grep -q "^ESTAB *0 "'; ip link set tap1 up
			wait $reader; kill $part; wait $part`, []string{"the helper is content"}},
		{"ours", "-q", `
			head -c 1000000 /dev/urandom >/run/file
			` + suite.StartServer(helper(t, "echo"), "9999") + `
			` + suite.SecondPart("-nc 10.0.1.1:9999 </run/file 2>/run/trace") + ` | {
				` + suite.AwaitNoWindow("10.0.1.4") + `; ip link set tap1 down
				{ await 'grep -q "output error" /run/trace'; ip link set tap1 up; } &
				cmp - /run/file && echo identical; }
			grep -c 'win 0,' /run/trace; kill $server`, []string{`identical\n[1-9]`}},
	})
}

// 200 connections at once get a megabyte back each, though the queue in front of the TAP
// holds 1000 frames and they want much more.
//
// Can: share a queue that is too short among 200 connections
func TestLabLossCrowd(t *testing.T) {
	t.Parallel()
	together(t, "ip", []labJob{{"crowd", "-q", helper(t, "crowd"), []string{"the helper is content"}}})
}

// Behind a kernel whose way on takes 300 bytes: it says so, and from then on cuts our
// datagrams (RFC 791 3.2: a link need take no more than 68).
func TestLabNarrowPath(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ip curl", []string{}, suite.Shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up mtu 300
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		ip netns exec far curl -s -m 20 http://10.0.0.4/bytes/100000 | wc -c`)...).
		Want(t, 0, "100000\n")
}
