//go:build linux

package suite

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// LabDir holds the two programs that the lab tests need, built once.
var LabDir string

// LabMain is TestMain for a part whose tests run it as a reader would: in the lab's private network, with the kernel as the
// peer and the real tools.
func LabMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lab")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	LabDir = dir
	// The lab tests wait much more than they work, so that more of them run at once than
	// there are processors. -parallel has the last word.
	flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0)))
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// buildLab builds the lab and this part, and tries whether the lab works here.
var buildLab = sync.OnceValue(func() error {
	for name, dir := range map[string]string{"lab": "../shared/lab", "part": "."} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(LabDir, name), dir).CombinedOutput()
		if err != nil {
			return fmt.Errorf("building %s: %v\n%s", dir, err, out)
		}
	}
	if out, err := exec.Command(LabDir+"/lab", LabDir+"/part", "-q", "--", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("no lab here: %v\n%s", err, out)
	}
	return nil
})

// LabRun is what a command in the lab came to.
type LabRun struct {
	Stdout, Stderr string // stderr has the part's trace, too
	Status         int
}

// labLimit is when a run in the lab is given up. None takes a tenth of that where the
// computer has nothing else to do: whatever a test waits for may take as long as it likes.
const labLimit = 5 * time.Minute

// Lab runs a command in the lab beside this part, which gets the flags. Without
// a command the lab ends when the part does. tools are what the command needs.
func Lab(t *testing.T, tools string, flags []string, command ...string) LabRun {
	t.Helper()
	return labRun(t, tools, append([]string{LabDir + "/part"}, flags...), command)
}

// LabProgram runs a command in the lab beside another program than this part.
func LabProgram(t *testing.T, tools, program string, command ...string) LabRun {
	t.Helper()
	return labRun(t, tools, []string{program}, command)
}

// labRun runs a command in the lab beside a program, whose command line is args.
func labRun(t *testing.T, tools string, args, command []string) LabRun {
	t.Helper()
	for _, tool := range strings.Fields(tools) {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s is not installed: not tried against the real tool", tool)
		}
	}
	if err := buildLab(); err != nil {
		t.Skipf("SKIP: not tried against the real kernel: %v", err)
	}
	if len(command) > 0 {
		args = append(append(args, "--"), command...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), labLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, LabDir+"/lab", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("no end after %v\n%s%s", labLimit, &stdout, &stderr)
	}
	return LabRun{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// Shell is a shell script to be run in the lab. In it, await waits until a command
// succeeds: a script that sleeps instead, and hopes, fails on a busy computer.
func Shell(lines string) []string {
	return []string{"sh", "-c", `
		await() { for i in $(seq 2000); do eval "$1" && return; sleep 0.05; done; echo "in vain: await $1"; exit 99; }
		` + lines}
}

// Want checks the status and that both outputs together contain all the texts.
func (r LabRun) Want(t *testing.T, status int, texts ...string) {
	t.Helper()
	bad := r.Status != status
	for _, text := range texts {
		if !strings.Contains(r.Stdout+r.Stderr, text) {
			t.Errorf("no %q", text)
			bad = true
		}
	}
	if bad {
		t.Errorf("status %d, want %d\nstdout:\n%s\nstderr:\n%s", r.Status, status, r.Stdout, r.Stderr)
	}
}

// StartSSH starts sshd on the kernel's port 22, where root may log in with a key, even if
// the machine has locked him out, and defines ssh to be without any of the user's settings.
const StartSSH = `sed 's/^root:[^:]*:/root:*:/' /etc/shadow >/run/shadow; chmod 600 /run/shadow; mount --bind /run/shadow /etc/shadow
	mkdir -p /run/sshd /run/ssh; cd /run/ssh; chmod 700 .
	ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f key
	printf '%s\n' 'HostKey /run/ssh/host' 'AuthorizedKeysFile /run/ssh/key.pub' 'StrictModes no' 'PermitRootLogin yes' \
		'UsePAM no' 'PidFile none' 'PrintLastLog no' >server
	printf '%s\n' 'User root' 'IdentityFile /run/ssh/key' 'IdentityAgent none' 'UserKnownHostsFile /dev/null' 'StrictHostKeyChecking no' \
		'LogLevel ERROR' 'ConnectTimeout 200' >client
	/usr/sbin/sshd -D -e -f server 2>sshd.log & sshd=$!
	ssh() { command ssh -F /run/ssh/client "$@"; }
	await 'ss -Hltn | grep -q :22'
	`

// Another is this part once more in the lab, on a cable of its own, in the background: the one that the lab itself starts
// begins before the lab's command can prepare anything for it. Its cable is up when the shell goes on, and the kernel's
// queue in front of it holds more than any test sends, however long the part may have to wait for a processor.
func Another(flags string) string {
	return LabDir + "/part -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 " + flags + ` & part=$!
		await 'ip link show tap1 2>/dev/null | grep -q LOWER_UP'; ip link set tap1 txqueuelen 30000
		`
}

// SecondPart is this part once more in the lab, as a client: the one that the lab itself
// starts begins before any server can.
func SecondPart(flags string) string {
	return LabDir + "/part -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 " + flags
}

// StartServer starts a command in the lab that listens on a port of the kernel, and
// waits until it does.
func StartServer(command, port string) string {
	return command + ` & server=$!
		await 'ss -Hltn | grep -q ":` + port + ` "'
		`
}

// AwaitNoWindow waits until a host, whose address it is, says in /run/trace that its window
// is closed.
func AwaitNoWindow(address string) string {
	return `await 'grep -q " IP ` + address + `\.[0-9]* > .*, win 0," /run/trace'`
}

// TookMS is how long the part took to end.
func (r LabRun) TookMS() (ms int) {
	_, after, found := strings.Cut(r.Stdout, "took ")
	if _, err := fmt.Sscanf(after, "%d ms", &ms); !found || err != nil {
		return 1 << 30
	}
	return ms
}

// CountAnswers is a shell's function that asks so many times, waits until as many frames have come back, and says how many
// it were. Those that arping counts are fewer: when it is in a hurry, it does not wait for the last ones.
const CountAnswers = `
		frames() { ip -s link show tap1 | awk '/RX:/ { getline; print $2 }'; }
		count() {
			before=$(frames); arping -I tap1 -c $1 -W $2 10.0.1.4 >/dev/null
			await "[ \$((\$(frames) - before)) -ge $1 ]"; echo "asked $1, came $(($(frames) - before))"
		}
		`

// EndIt ends it as a user does, and says with what status and after how long.
const EndIt = `
		began=$(date +%s%3N); kill -TERM $part; wait $part; echo "status $?"
		echo "took $(($(date +%s%3N) - began)) ms"
		`

// UntilForgotten waits until the kernel has no connection to the part, but those in
// TIME-WAIT, and the part has dealt with all that came before an echo: with the last ACK.
const UntilForgotten = `await '[ -z "$(ss -Htan dst 10.0.0.4 | grep -v TIME-WAIT)" ]'; ping -c1 -W60 10.0.0.4 >/dev/null`

// EndsSoon is how many milliseconds a part may take to end, on a computer that is busy. How long it takes where nothing
// comes between is for tests in virtual time, such as shared/spool's.
const EndsSoon = 60_000
