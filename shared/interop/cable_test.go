//go:build linux

package interop

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is part 5, built.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	flag.Parse()
	if err := flag.Set("test.parallel", fmt.Sprint(8*runtime.GOMAXPROCS(0))); err != nil { // most of them wait
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "part5")
	build := exec.Command("go", "build", "-o", program, "./part5-retransmission")
	build.Dir = filepath.Join("..", "..") // the parts' module
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	return m.Run()
}

// cableBuffer is how much each end of the cable holds until the other one reads, if the kernel allows.
const cableBuffer = 4 << 20

// newCable connects two sockets: one message, one frame, and each end sees when the other one is gone.
func newCable(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, cableBuffer)
	}
	return os.NewFile(uintptr(fds[0]), "netstack's end"), os.NewFile(uintptr(fds[1]), "the part's end")
}

// part is part 5 as a process.
type part struct {
	*exec.Cmd
	stdout, stderr output
	ended          chan struct{}
	err            error // its exit status, when ended is closed
}

// startPart runs part 5 at the other end of a host's cable.
func startPart(h *host, stdin io.Reader, flags ...string) *part {
	t := h.T
	t.Helper()
	flags = append(append([]string{"-q", "-tap", "fd:3"}, h.flags...), flags...)
	p := &part{Cmd: exec.Command(program, flags...), ended: make(chan struct{})}
	p.ExtraFiles = []*os.File{h.other}
	p.stdout.nap = h.nap
	p.Stdin, p.Stdout, p.Stderr = stdin, &p.stdout, &p.stderr
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.WaitDelay = time.Second // what is left of its stdin is of no interest
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	h.other.Close()
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() && p.stderr.String() != "" {
			t.Logf("part 5 says:\n%s", p.stderr.String())
		}
	})
	return p
}

// stop interrupts the part, which then ends with success.
func (p *part) stop(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	_ = p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if p.err != nil {
			t.Errorf("part 5, interrupted: %v", p.err)
		}
	case <-time.After(patience):
		t.Error("part 5 does not end when it is interrupted")
		_ = p.Process.Kill()
		<-p.ended
	}
}

// printed waits until the part has done what it was asked to, and returns what it printed.
func (p *part) printed(t *testing.T) io.Reader { return strings.NewReader(p.finish(t)) }

// finish is printed, as text.
func (p *part) finish(t *testing.T) string {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%v does not end", p.Args[1:])
	}
	if p.err != nil {
		t.Fatalf("%v: %v\n%s", p.Args[1:], p.err, p.stderr.String())
	}
	return p.stdout.String()
}

// waitFor waits until the part has printed text.
func (p *part) waitFor(t *testing.T, out *output, text string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(out.String(), text); time.Sleep(2 * time.Millisecond) {
		select {
		case <-p.ended:
			t.Fatalf("%v has ended: %v\n%s", p.Args[1:], p.err, p.stderr.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%v never says %q, only:\n%s", p.Args[1:], text, out.String())
		}
	}
}

// output collects what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	nap  time.Duration // before it reads anything
}

func (o *output) Write(b []byte) (int, error) {
	time.Sleep(o.nap)
	o.nap = 0
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
