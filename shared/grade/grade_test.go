//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test program is also what is graded: a stack that is wrong in a certain way.
func TestMain(m *testing.M) {
	if what := os.Getenv("GRADED_STACK"); what != "" {
		wrongStacks[what]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// wrongStacks have the cable as descriptor 3.
var wrongStacks = map[string]func(){
	"says nothing": func() { time.Sleep(time.Minute) },
	"does not read": func() {
		answerARP(1)
		time.Sleep(time.Minute)
	},
	"ends": func() {
		fmt.Fprintln(os.Stderr, "panic: index out of range")
		os.Exit(2)
	},
	"ends after ARP": func() {
		answerARP(1)
		fmt.Fprintln(os.Stderr, "panic: no such protocol")
		os.Exit(2)
	},
	"closes the cable": func() {
		answerARP(1)
		os.NewFile(3, "cable").Close()
		time.Sleep(time.Minute)
	},
	"floods": func() {
		answerARP(1)
		cable := os.NewFile(3, "cable")
		for frame := make([]byte, 60); ; {
			cable.Write(frame)
		}
	},
	"garbage": func() {
		cable := os.NewFile(3, "cable")
		buf := make([]byte, 2000)
		for n := 1; ; n++ {
			got, err := cable.Read(buf)
			if err != nil || got == 0 {
				return
			}
			if reply, ok := arpReply(buf[:got]); ok {
				cable.Write(reply)
			}
			for i := range buf[:got] { // what came, turned around and shaken
				buf[i] ^= byte(i * n)
			}
			copy(buf, buf[6:12])
			cable.Write(buf[:max(1, got-n%40)])
		}
	},
	"only ARP": func() { answerARP(1 << 30) },
}

// answerARP answers n questions for 10.0.0.4.
func answerARP(n int) {
	cable := os.NewFile(3, "cable")
	buf := make([]byte, 2000)
	for n > 0 {
		got, err := cable.Read(buf)
		if err != nil || got == 0 {
			return
		}
		if reply, ok := arpReply(buf[:got]); ok {
			cable.Write(reply)
			n--
		}
	}
}

func arpReply(f []byte) (reply []byte, ok bool) {
	us := []byte{2, 0, 0, 0, 0, 4}
	if len(f) < 42 || !bytes.Equal(f[12:22], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, 1}) || !bytes.Equal(f[38:42], []byte{10, 0, 0, 4}) ||
		f[0]&1 == 0 && !bytes.Equal(f[:6], us) {
		return nil, false
	}
	reply = append(append([]byte{}, f[22:28]...), us...)
	reply = append(append(reply, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2), us...)
	reply = append(append(reply, 10, 0, 0, 4), f[22:32]...)
	return reply, true
}

// graded grades one of the wrong stacks.
func graded(t *testing.T, stack string, args ...string) (status int, out, errs string, took time.Duration) {
	t.Helper()
	t.Setenv("GRADED_STACK", stack)
	var stdout, stderr strings.Builder
	begin := time.Now()
	status = grade(append(args, "--", os.Args[0]), &stdout, &stderr)
	return status, stdout.String(), stderr.String(), time.Since(begin)
}

// A program that is broken is reported, and not waited for.
func TestBrokenPrograms(t *testing.T) {
	for stack, want := range map[string]string{
		"says nothing":     "does not answer ARP: within 1s nobody said who has 10.0.0.4",
		"does not read":    "the program hangs",
		"ends":             "index out of range",
		"ends after ARP":   "no such protocol",
		"closes the cable": "closed its end of the cable",
		"floods":           "the program floods",
		"garbage":          "FAIL  ipv4 and icmp: echo",
	} {
		t.Run(stack, func(t *testing.T) {
			status, out, errs, took := graded(t, stack, "-part", "2", "-wait", "1s", "-only", "ipv4 and icmp: echo")
			if status != failed || !strings.Contains(out, want) {
				t.Errorf("status %d, want %d and %q:\n%s%s", status, failed, want, out, errs)
			}
			if took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// What answers ARP has the first mark and no other, and the message says what is missing.
func TestOnlyARP(t *testing.T) {
	status, out, _, _ := graded(t, "only ARP", "-part", "1", "-json")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if status != passed || !r.Passed || r.Chapters[0].Passed != r.Chapters[0].All || r.Chapters[0].All < 15 {
		t.Errorf("chapter 1: status %d, %+v", status, r.Chapters)
	}
	status, out, _, _ = graded(t, "only ARP", "-part", "2", "-only", "ipv4 and icmp: echo")
	if status != failed || !strings.Contains(out, "no echo reply comes") || !strings.Contains(out, "0 of    1") {
		t.Errorf("chapter 2: status %d\n%s", status, out)
	}
}

// Each part passes some of its chapter, through a cable of its own. (go run ./shared/grade has them pass all of it.)
func TestParts(t *testing.T) {
	for part, only := range map[string]string{
		"part2-ipv4-icmp":      "ipv4 and icmp",
		"part3-tcp-handshake":  "rfc9293-3.5-figures",
		"part4-tcp-data":       "outside-data: in FIN",
		"part5-retransmission": "outside-loss: an ACK",
	} {
		t.Run(part, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "stack")
			if said, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "framebyframe/"+part).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			capture := filepath.Join(t.TempDir(), "grade.pcap")
			var out strings.Builder
			status := grade([]string{"-part", part[4:5], "-only", only, "-pcap", capture, "--", program, "-q", "-tap", "fd:3"}, &out, io.Discard)
			if status != passed {
				t.Errorf("status %d\n%s", status, out.String())
			}
			if info, err := os.Stat(capture); err != nil || info.Size() < 100 {
				t.Errorf("the capture: %v, %v", info, err)
			}
		})
	}
}

// A wrong command line is told in a line.
func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":             "which program?",
		"-part 6 -- x": "-part is 1 to 5",
		"-x":           "flag provided but not defined",
		"-ip 10.0.0.1": "which program?",
	} {
		var errs strings.Builder
		if status := grade(strings.Fields(args), io.Discard, &errs); status != wrong || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: status %d, %q, want %q", args, status, errs.String(), want)
		}
	}
	var out strings.Builder
	if status := grade([]string{"-list"}, &out, io.Discard); status != passed || strings.Count(out.String(), "\n") < 200 {
		t.Errorf("-list: status %d, %d lines", status, strings.Count(out.String(), "\n"))
	}
}

// Scripts that make calls which no service makes are left out, and ports are a script's own.
func TestScriptsForOutside(t *testing.T) {
	for text, want := range map[string]bool{
		"+0 do accept\n+0 do! read 10\n+0 state ESTABLISHED": false,
		"+0 < S 0:0(0) win 1":                                false,
		"+0 do write 10 = 10":                                true,
		"+0 link down":                                       true,
		"+1 done dial":                                       true,
	} {
		if got := needsMore(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := renumber("+0 < 8001>80 . 80:81(1) ack 8000\n+0 > 81>8000 R", 9000, 7); got != "+0 < 9001>7 . 80:81(1) ack 8000\n+0 > 81>9000 R" {
		t.Errorf("renumbered: %q", got)
	}
}

// The skeletons of docs/your-own reach the first milestone, and a beginner is told what the next one wants.
func TestSkeletons(t *testing.T) {
	root := filepath.Join("..", "..")
	program := filepath.Join(t.TempDir(), "my-stack")
	if said, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "framebyframe/docs/your-own/go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	stacks := map[string][]string{"Go": {program}}
	if python, err := exec.LookPath("python3"); err == nil {
		stacks["Python"] = []string{python, filepath.Join(root, "docs", "your-own", "python", "stack.py")}
	} else {
		t.Log("no python3: docs/your-own/python was not tried")
	}
	for name, command := range stacks {
		t.Run(name, func(t *testing.T) {
			var first, second strings.Builder
			if status := grade(append([]string{"-part", "1", "-only", "arp: a question is answered", "--"}, command...), &first, io.Discard); status != passed {
				t.Errorf("the first milestone: status %d\n%s", status, first.String())
			}
			status := grade(append([]string{"-part", "2", "-only", "ipv4 and icmp: echo", "--"}, command...), &second, io.Discard)
			for _, want := range []string{"no echo reply comes", "EtherType 0x0800", "protocol 1, type 8", "RFC 792", "0 of    1"} {
				if status != failed || !strings.Contains(second.String(), want) {
					t.Errorf("the next milestone: status %d, want %q\n%s", status, want, second.String())
				}
			}
		})
	}
}

// What docs/your-own.md shows of the cable in other languages compiles, where there is a compiler.
func TestCablesCompile(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "your-own", "cable")
	out := filepath.Join(t.TempDir(), "out")
	for _, command := range [][]string{
		{"cc", "-Wall", "-Werror", "-c", "-o", out, filepath.Join(dir, "cable.c")},
		{"cc", "-Wall", "-Werror", "-c", "-o", out, filepath.Join(dir, "tap.c")},
		{"rustc", "-D", "warnings", "-o", out, filepath.Join(dir, "cable.rs")},
		{"python3", "-m", "py_compile", filepath.Join(dir, "cable.py")},
	} {
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("%s is not here", command[0])
			continue
		}
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "PYTHONPYCACHEPREFIX="+t.TempDir())
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", command, err, said)
		}
	}
}
