//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	needNetwork(t)
	part := fakePart(t, readyScript)
	for _, test := range []struct {
		script string
		want   int
	}{
		{"exit 0", 0},
		{"exit 3", 3},
		{"kill -KILL $$", 128 + 9},
		{"kill -TERM $$", 128 + 15},
	} {
		if got := runLab(t, part, "--", "sh", "-c", test.script); got.status != test.want {
			t.Errorf("%s: status %d, want %d; stderr:\n%s", test.script, got.status, test.want, got.errOut)
		}
	}
}

func TestUsage(t *testing.T) {
	runLab(t, "-h").expect(t, 2, "usage: go run ./shared/lab")
	runLab(t, "-q").expect(t, 2, "name a part first", "usage:")
	runLab(t, "99", "--", "true").expect(t, 2, "there is no part 99; there is 1 (part1-ethernet-arp)")
}

// TestCommandNotFound asks for what is not there. The table of packages is tried with an empty PATH.
func TestCommandNotFound(t *testing.T) {
	runLab(t, "1", "--", "no-such-tool").expect(t, 127, `no command "no-such-tool"`)
	runLab(t, "1", "--", "./no-such-tool").expect(t, 127, "no program ./no-such-tool")
	runLab(t, "1", "--", "/etc/passwd").expect(t, 126, "may not be run")
	for tool, pkg := range map[string]string{"arping": "arping", "ping": "iputils-ping", "nc": "netcat-openbsd", "nft": "nftables"} {
		t.Run(tool, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			_, err := lookCommand(tool)
			if err == nil || !strings.Contains(err.Error(), "sudo apt install "+pkg) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestFlagsGoToThePart(t *testing.T) {
	needNetwork(t)
	part := fakePart(t, strings.Replace(readyScript, "nothing", `$# flags: $*`, 1))
	runLab(t, part, "-loss", "5%", "-q", "--", "true").expect(t, 0, "ready: 3 flags: -loss 5% -q", "ended")
}

// TestPartsThatEnd covers a part that does not stay.
func TestPartsThatEnd(t *testing.T) {
	needNetwork(t)
	t.Parallel()
	fails := fakePart(t, "#!/bin/sh\necho bad flag >&2\nexit 2\n")
	runLab(t, fails, "-bad", "--", "true").expect(t, 2, "bad flag", "ended with status 2 before it was ready, so true did not run")
	runLab(t, fails, "-bad").expect(t, 2, "bad flag")
	does := fakePart(t, "#!/bin/sh\necho 02:00:0a:00:00:01\n")
	runLab(t, does, "-h").expect(t, 0, "02:00:0a:00:00:01")
	runLab(t, does, "--", "true").expect(t, 1, "ended with status 0 before it was ready")
	// The command goes on without the part, but must not cover up that it broke.
	breaks := fakePart(t, "#!/bin/sh\necho $$ >/run/pid\necho ready: for a moment\nsleep 0.1\nexit 2\n")
	runLab(t, breaks, "--", "sh", "-c", "while kill -0 $(cat /run/pid) 2>/dev/null; do sleep 0.05; done").
		expect(t, 1, "ended by itself with status 2")
	stubborn := fakePart(t, "#!/bin/sh\ntrap '' TERM\necho ready: for ever\nwhile :; do sleep 0.05; done\n")
	runLab(t, stubborn, "--", "true").expect(t, 1, "was killed")
}

// TestAlonePart runs a part as the user's command: it has stdin and stdout, and the trace still goes to stderr.
func TestAlonePart(t *testing.T) {
	needNetwork(t)
	part := fakePart(t, "#!/bin/sh\necho ready: to do it >&2\necho answer\nexit 4\n")
	got := runLab(t, part, "-resolve", "10.0.0.1")
	got.expect(t, 4, "ready: to do it")
	if got.out != "answer\n" || strings.Contains(got.errOut, "this shell") {
		t.Errorf("stdout %q, stderr %q", got.out, got.errOut)
	}
}

// TestShell lets a shell read its commands from a pipe.
func TestShell(t *testing.T) {
	needNetwork(t)
	t.Setenv("SHELL", "/bin/sh")
	cmd := exec.Command(labProgram(t), fakePart(t, readyScript))
	cmd.Stdin = strings.NewReader("echo I am $$\nexit 5\n")
	out, _ := cmd.CombinedOutput()
	got := result{cmd.ProcessState.ExitCode(), string(out), ""}
	got.expect(t, 5, "this shell is in a private network", "I am ")
}

// TestNetwork looks at what a command finds in there.
func TestNetwork(t *testing.T) {
	needNetwork(t)
	needTool(t, "ip", "ps")
	got := runLab(t, fakePart(t, readyScript), "--", "sh", "-c", `ip -br addr; cat /proc/sys/net/ipv4/ip_local_port_range
		cat /proc/sys/net/ipv6/conf/default/disable_ipv6; echo nmap $NMAP_PRIVILEGED; ps -e -o comm; cat /etc/resolv.conf`)
	got.expect(t, 0, "127.0.0.1/8", "40000\t40999\n1\n", "nmap 1", "fakepart", "no name server")
	if strings.Contains(got.out, "eth0") {
		t.Errorf("the real network is in there:\n%s", got.out)
	}
	t.Setenv("LAB_PORTS", "50000 50001")
	runLab(t, fakePart(t, readyScript), "--", "cat", "/proc/sys/net/ipv4/ip_local_port_range").expect(t, 0, "50000\t50001")
}

// TestOrphansAreCollected leaves a process behind whose parent ends, and waits until nothing remains of it. A zombie would.
func TestOrphansAreCollected(t *testing.T) {
	needNetwork(t)
	needTool(t, "ps")
	part := fakePart(t, "#!/bin/sh\ntrap exit TERM\nmkfifo /run/quiet; exec 3<>/run/quiet\necho ready: nothing\nread x <&3\n")
	runLab(t, part, "--", "sh", "-c", `sh -c 'sleep 0.1 &'
		while ps -e -o stat,comm | grep 'sleep *\(<defunct>\)\?$'; do :; done; exit 6`).expect(t, 6)
}

func TestArping(t *testing.T) {
	needNetwork(t)
	needTool(t, "arping")
	got := runLab(t, "1", "--", "arping", "-I", "tap0", "-C3", "-w60", "10.0.0.4")
	got.expect(t, 0, "ready:")
	if n := strings.Count(got.out, "02:00:00:00:00:04"); n != 3 {
		t.Errorf("%d answers from 02:00:00:00:00:04, want 3:\n%s", n, got.out)
	}
}

// TestFromThePartsDirectory calls the lab as the parts' own tests do.
func TestFromThePartsDirectory(t *testing.T) {
	needNetwork(t)
	lab := labProgram(t)
	t.Chdir("../../part1-ethernet-arp")
	runProgram(t, lab, ".", "-resolve", "10.0.0.1").expect(t, 0, "02:00:0a:00:00:01")
	runProgram(t, lab, ".", "-q", "--", "true").expect(t, 0, "ready:")
}

func TestBuildFails(t *testing.T) {
	needNetwork(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\nfunc main() { oops }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("GO111MODULE", "off") // the directory is in no module
	runLab(t, ".", "--", "true").expect(t, 1, "undefined: oops", "cannot build")
}

func TestDemo(t *testing.T) {
	needNetwork(t)
	t.Parallel()
	runLab(t, "demo", "1").expect(t, 0, "02:00:00:00:00:04 has it", "Silence for 1s", "now the table says: 10.0.0.4 is at 02:00:00:00:00:04",
		"Your turn", "the Linux kernel")
}

// TestDemoOnCable needs no right at all, so it never skips.
func TestDemoOnCable(t *testing.T) {
	t.Parallel()
	runLab(t, "demo", "-cable", "1").expect(t, 0, "02:00:00:00:00:04 has it", "Silence for 1s", "left out", "Your turn")
}
