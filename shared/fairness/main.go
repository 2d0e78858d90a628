//go:build linux

// Command fairness measures how part 5 shares a cable that is too narrow with the Linux kernel's TCP, and writes what it
// found to docs/fairness.md and docs/fairness.svg.
//
// Three hosts are on one segment of shared/wire: a kernel that sends, part 5, which sends too, and a kernel that receives
// from both through a bottleneck with a queue. The two kernels are this one's, in two private network namespaces that the
// command makes for itself, each with a TAP device; part 5 runs as a process on a pair of sockets.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// innerName is the name under which the command runs itself inside the private network; ps shows it.
const innerName = "fairness (in a private network)"

// races are what is measured. "ours" is part 5; all other names are the kernel's congestion controls.
var races = []race{
	{"ours beside Reno", [2]string{ours, "reno"}},
	{"ours beside CUBIC", [2]string{ours, "cubic"}},
	{"ours among themselves", [2]string{ours, ours}},
	{"for comparison: the kernel's own two", [2]string{"cubic", "reno"}},
}

func init() {
	runtime.LockOSThread() // a child that is to die with this process dies with the thread that started it
}

func main() {
	seconds := flag.Int("seconds", 60, "measure each race for `N` seconds")
	only := flag.Int("only", 0, "measure race `N` alone, from 1 on, and write no report")
	docs := flag.String("docs", "docs", "write fairness.md and fairness.svg to this `directory`")
	flag.Parse()
	if flag.NArg() > 0 || *seconds < 1 || *only < 0 || *only > len(races) {
		fmt.Fprintln(os.Stderr, "usage: go run ./shared/fairness [-seconds 60] [-only 1] [-docs docs]")
		os.Exit(2)
	}
	var err error
	if os.Args[0] == innerName {
		err = measure(*seconds, *only, *docs)
	} else {
		err = enter()
	}
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended): // it has said why itself
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "fairness: %v\n", err)
		os.Exit(1)
	}
}

// enter builds part 5 and runs this command once more in a network of its own.
func enter() error {
	dir, err := os.MkdirTemp("", "fairness")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "part5-retransmission")
	build := exec.Command("go", "build", "-o", program, "./part5-retransmission")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("cannot build part 5; run this in the repository's directory: %w", err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{innerName}, os.Args[1:]...)
	cmd.Env = append(os.Environ(), "FAIRNESS_PART="+program)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		// An ordinary user may do this in a user namespace, in which he is root.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the system allows no private network (go run ./shared/lab 5 says what to do): %w", err)
	}
	return cmd.Wait()
}

// measure runs all races, or only one of them, and writes the report about all.
func measure(seconds, only int, docs string) error {
	var results []result
	for i, r := range races {
		if only != 0 && i+1 != only {
			continue
		}
		fmt.Printf("%s, %v ...\n", r.title, warmUp+time.Duration(seconds)*time.Second)
		res, err := r.run(os.Getenv("FAIRNESS_PART"), seconds)
		if err != nil {
			return fmt.Errorf("%s: %w", r.title, err)
		}
		fmt.Print(res.text())
		results = append(results, res)
	}
	if only != 0 {
		return nil
	}
	if err := os.WriteFile(filepath.Join(docs, "fairness.svg"), []byte(plot(results)), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "fairness.md"), []byte(page(results, seconds)), 0o644)
}
