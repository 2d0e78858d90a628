//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// another is this part once more in the lab, on a cable of its own, in the background: the one that the lab itself starts
// begins before the lab's command can prepare anything for it. Its cable is up when the shell goes on, and the kernel's
// queue in front of it holds more than any test sends, however long the part may have to wait for a processor.
func another(flags string) string {
	return suite.LabDir + "/part -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 " + flags + ` & part=$!
		await 'ip link show tap1 2>/dev/null | grep -q LOWER_UP'; ip link set tap1 txqueuelen 30000
		`
}

// countAnswers is a shell's function that asks so many times, waits until as many frames have come back, and says how many
// it were. Those that arping counts are fewer: when it is in a hurry, it does not wait for the last ones.
const countAnswers = `
		frames() { ip -s link show tap1 | awk '/RX:/ { getline; print $2 }'; }
		count() {
			before=$(frames); arping -I tap1 -c $1 -W $2 10.0.1.4 >/dev/null
			await "[ \$((\$(frames) - before)) -ge $1 ]"; echo "asked $1, came $(($(frames) - before))"
		}
		`

// wantAnswers checks that as many came as were asked for, and hardly any other frame.
func wantAnswers(t *testing.T, r suite.LabRun, questions ...int) {
	t.Helper()
	for _, asked := range questions {
		came := -1
		_, after, _ := strings.Cut(r.Stdout, fmt.Sprintf("asked %d, came ", asked))
		fmt.Sscan(after, &came)
		if came < asked || came > asked+20 {
			t.Errorf("%d frames came for %d questions\n%s", came, asked, r.Stdout)
		}
	}
}

// endIt ends it as a user does, and says with what status and after how long.
const endIt = `
		began=$(date +%s%3N); kill -TERM $part; wait $part; echo "status $?"
		echo "took $(($(date +%s%3N) - began)) ms"
		`

// The disk is full in the middle of a capture: the part goes on, says so once, and its status is 1. A capture file that
// cannot be made is told before anything else is done.
func TestLabFullDisk(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "arping mount ip awk", []string{"-q"}, suite.Shell(`
		mkdir /run/small && mount -t tmpfs -o size=4k none /run/small || exit 9
		`+another("-q -pcap /run/small/x.pcap 2>/run/says")+countAnswers+`
		count 100 0.001
		await '[ $(stat -c %s /run/small/x.pcap) -eq 4096 ]'; stat -c '%s bytes in the file' /run/small/x.pcap`+endIt+`
		grep -v ready: /run/says
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -pcap /run/small 2>&1; echo "a folder: $?"
		mount -o remount,ro /run/small
		`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -pcap /run/small/y 2>&1; echo "not writable: $?"
		ip link show tap1 2>&1 | head -1`)...)
	wantAnswers(t, r, 100)
	r.Want(t, 0, "4096 bytes in the file\nstatus 1\n",
		"part: capture /run/small/x.pcap: write /run/small/x.pcap: no space left on device\n",
		"for flag -pcap: want the name of a file, and this is a directory", "a folder: 2", "-pcap: open /run/small/y: read-only file system\nnot writable: 1")
	if n := len(regexp.MustCompile("no space left").FindAllString(r.Stdout+r.Stderr, -1)); n != 1 {
		t.Errorf("it says %d times that there is no space left\n%s", n, r.Stdout)
	}
	suite.Row{
		Area: "application", What: "full disk under -pcap", Source: "write(2), ENOSPC",
		Tried:   "a capture on a disk of 4096 bytes, 100 questions; a folder, and a read-only disk, as the file",
		Outcome: "100 of 100 are answered; one line says that there is no space left, and the status is 1; the others are refused at once, with status 1",
	}.Report(t)
}

// Nobody takes the trace: stderr is a pipe that is full. The part answers all the same, and how many lines were lost is
// told as soon as somebody reads; if nobody ever does, it ends all the same.
func TestLabStalledTrace(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "arping mkfifo ip awk", []string{"-q"}, suite.Shell(`
		mkfifo /run/trace; exec 9<>/run/trace
		`+another("2>/run/trace 9<&-")+countAnswers+`
		count 8000 0.0001
		cat <&9 >/run/lines & cat=$!
		await 'arping -I tap1 -c 1 -W 0.1 10.0.1.4 >/dev/null; grep -q "trace lines were lost" /run/lines'; kill $cat
		echo "lost: $(grep -o '([0-9]* trace lines were lost' /run/lines)"
		count 1000 0.0001`+endIt)...)
	wantAnswers(t, r, 8000, 1000)
	r.Want(t, 0, "status 0")
	m := regexp.MustCompile(`lost: \((\d+) trace lines`).FindStringSubmatch(r.Stdout)
	took := tookMS(r)
	if m == nil || took > endsSoon {
		t.Fatalf("no lines were lost, or the end took too long:\n%s", r.Stdout)
	}
	suite.Row{
		Area: "application", What: "nobody reads the trace", Source: "pipe(7)",
		Tried:   "stderr is a full pipe; 8000 questions, a reader for a moment, 1000 questions, SIGTERM",
		Outcome: fmt.Sprintf("all are answered; the reader finds that %s lines were lost; the end takes %d ms, status 0", m[1], took),
	}.Report(t)
}

// endsSoon is how many milliseconds a part may take to end, on a computer that is busy. How long it takes where nothing
// comes between is for tests in virtual time, such as shared/spool's.
const endsSoon = 60_000

// tookMS is how long the part took to end.
func tookMS(r suite.LabRun) (ms int) {
	_, after, found := strings.Cut(r.Stdout, "took ")
	if _, err := fmt.Sscanf(after, "%d ms", &ms); !found || err != nil {
		return 1 << 30
	}
	return ms
}
