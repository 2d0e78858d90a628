//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

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

// The disk is full in the middle of a capture: the part goes on, says so once, and its status is 1. A capture file that
// cannot be made is told before anything else is done.
func TestLabFullDisk(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "arping mount ip awk", []string{"-q"}, suite.Shell(`
		mkdir /run/small && mount -t tmpfs -o size=4k none /run/small || exit 9
		`+suite.Another("-q -pcap /run/small/x.pcap 2>/run/says")+suite.CountAnswers+`
		count 100 0.001
		await '[ $(stat -c %s /run/small/x.pcap) -eq 4096 ]'; stat -c '%s bytes in the file' /run/small/x.pcap`+suite.EndIt+`
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
		`+suite.Another("2>/run/trace 9<&-")+suite.CountAnswers+`
		count 8000 0.0001
		cat <&9 >/run/lines & cat=$!
		await 'arping -I tap1 -c 1 -W 0.1 10.0.1.4 >/dev/null; grep -q "trace lines were lost" /run/lines'; kill $cat
		echo "lost: $(grep -o '([0-9]* trace lines were lost' /run/lines)"
		count 1000 0.0001`+suite.EndIt)...)
	wantAnswers(t, r, 8000, 1000)
	r.Want(t, 0, "status 0")
	m := regexp.MustCompile(`lost: \((\d+) trace lines`).FindStringSubmatch(r.Stdout)
	took := r.TookMS()
	if m == nil || took > suite.EndsSoon {
		t.Fatalf("no lines were lost, or the end took too long:\n%s", r.Stdout)
	}
	suite.Row{
		Area: "application", What: "nobody reads the trace", Source: "pipe(7)",
		Tried:   "stderr is a full pipe; 8000 questions, a reader for a moment, 1000 questions, SIGTERM",
		Outcome: fmt.Sprintf("all are answered; the reader finds that %s lines were lost; the end takes %d ms, status 0", m[1], took),
	}.Report(t)
}
