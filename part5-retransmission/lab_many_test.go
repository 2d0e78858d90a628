//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// countVariable tells the helper, in the environment, how many connections to open.
const countVariable = "FRAMEBYFRAME_COUNT"

// manyAtOnce opens so many connections at once, three times, each of which has a line come back from echo while all are open.
// It says how much memory the process has that /run/pid names, before, when all are open, and when all are closed.
func manyAtOnce(address, count, pidFile string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	before := memoryOf(pid)
	for round := range 3 {
		conns := make([]net.Conn, n)
		if err := eachOf(n, func(i int) (err error) {
			conns[i], err = net.Dial("tcp", address)
			return err
		}); err != nil {
			return err
		}
		if err := eachOf(n, func(i int) error { return askLine(conns[i], i) }); err != nil {
			return err
		}
		open := memoryOf(pid)
		for _, c := range conns {
			_ = c.(*net.TCPConn).SetLinger(0) // or the kernel would keep all ports in TIME-WAIT, and search long for others
			c.Close()
		}
		time.Sleep(500 * time.Millisecond)
		fmt.Printf("round %d: %d open, %d kB before, %d kB open\n", round+1, n, before, open)
	}
	return nil
}

// eachOf calls f for 0 to n-1, fifty at a time, and returns the first error.
func eachOf(n int, f func(i int) error) error {
	errs := make(chan error, n)
	turns := make(chan struct{}, 50)
	var all sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			if err := f(i); err != nil {
				errs <- err
			}
			<-turns
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}

func askLine(c net.Conn, i int) error {
	_ = c.SetDeadline(time.Now().Add(3 * time.Minute))
	line := fmt.Sprintf("connection %d\n", i)
	if _, err := io.WriteString(c, line); err != nil {
		return err
	}
	got, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && got != line {
		err = fmt.Errorf("%q came back instead of %q", got, line)
	}
	return err
}

// memoryOf is the memory that a process has, in kB: its resident set.
func memoryOf(pid []byte) (kB int) {
	status, _ := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/status")
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fmt.Sscan(after, &kB)
	return kB
}

// Many connections of the kernel's are open at once, and a line goes through each of them and back. What one costs is
// measured from outside; when they are closed, the next ones take no more.
//
// Can: keep thousands of connections open at once
func TestLabManyAtOnce(t *testing.T) {
	t.Parallel()
	n := 500
	if *suite.Long {
		n = 10_000
	}
	r := suite.Lab(t, "ip", []string{"-q"}, suite.Shell(`
		echo 10240 65000 >/proc/sys/net/ipv4/ip_local_port_range
		`+suite.SecondPart("-q 2>/run/says")+` & part=$!; echo $part >/run/pid
		await 'grep -q ready: /run/says'; ip link set tap1 txqueuelen 30000
		env `+countVariable+`=`+fmt.Sprint(n)+` `+helper(t, "many")+`
		kill $part; wait $part; echo "status $?"`)...)
	r.Want(t, 0, "the helper is content", "status 0")
	var open [3]int
	var before int
	for i, line := range strings.Split(r.Stdout, "\n")[:3] {
		format := fmt.Sprintf("round %d: %d open, %%d kB before, %%d kB open", i+1, n)
		if k, err := fmt.Sscanf(line, format, &before, &open[i]); k != 2 {
			t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
		}
	}
	// A goroutine with its stack, echo's 16 kB and the TCB.
	perConn := float64(open[0]-before) / float64(n)
	if perConn > 80 {
		t.Errorf("a connection takes %.1f kB", perConn)
	}
	// The garbage of one round may still be there in the next, but that is all.
	if open[2] > open[1]+open[1]/4+10_000 {
		t.Errorf("kB with all connections open, round by round: %d", open)
	}
	suite.Row{
		Area: "application", What: "many connections open at once", Source: "",
		Tried: fmt.Sprintf("%d of the kernel's connections to apps.Echo, a line through each, all reset, three times", n),
		Outcome: fmt.Sprintf("all lines come back; the program takes %.1f kB for each connection, echo's own buffer of 16 kB and the goroutine among them; in kB, round by round, %d in all",
			perConn, open),
	}.Report(t)
}
