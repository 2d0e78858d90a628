//go:build linux

// Command bench measures part 5 beside other TCP/IP stacks and beside the Linux kernel, and writes what it found into
// docs/performance.md and docs/performance.svg. Run it in the repository's directory:
//
//	go -C shared/bench run .
//	go -C shared/bench run . -only '^bulk' -peers part5,gvisor -rounds 1 -seconds 1
//	go -C shared/bench run . -where
//	go -C shared/bench run . -grades
//
// -where profiles part 5 alone, with perf, and writes where its time goes into the same page. -grades has shared/grade grade
// the five parts and the peers, and writes docs/grades.md.
//
// It needs Linux and root, or a system that allows ordinary users private networks (go run ./shared/lab tells), and nft for
// the rows in which Linux loses frames. All takes about two hours, a row of -only as long as it says itself. Nothing else
// should run on the computer.
//
// # What is measured
//
// The client is the kernel's TCP, driven by this program; at the other end of the TAP device (MTU 1500) is the peer, a
// process of its own, for each measurement a new one in a new network namespace. All peers have the same four services. A
// round is one pass over all measures, and within a measure the peers take turns, so that what changes on the computer in the
// course of the time hits all of them. The number of the round is the seed of its losses.
//
// Linux itself has no TAP device to answer on: it is in a second namespace behind a pair of veth devices without offloads,
// or where frames are to take time, behind a second TAP device; see shared/bench/linux.
//
// # Why a module of its own
//
// The peers are large, and the tutorial does not need them: whoever reads the parts should not have to fetch gVisor.
//
// # How to add a peer
//
// It is one entry in the list in peers.go, where it says what such a program has to do.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// innerName is the name under which the command runs itself inside the private network; ps shows it.
const innerName = "bench (in a private network)"

// programsEnv tells the inner process where the peers' programs are.
const programsEnv = "BENCH_PROGRAMS"

// root is the repository's directory, as seen from this module's, in which "go -C" runs the command.
const root = "../.."

func init() {
	runtime.LockOSThread() // a child that is to die with this process dies with the thread that started it
}

// options are the flags.
type options struct {
	rounds, seconds int
	only            *regexp.Regexp
	peers           []peer
	json, from      string
	tables, plot    string
	where           bool
	grades          bool
}

func (o options) duration() time.Duration { return time.Duration(o.seconds) * time.Second }

func main() {
	opt, err := parseOptions()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v (-h lists the flags)\n", err)
		os.Exit(2)
	}
	if opt.grades {
		err = gradeAll()
	} else if os.Args[0] == innerName {
		err = opt.work()
	} else {
		err = enter(opt)
	}
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended): // it has said why itself
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// work is what the inner process does.
func (o options) work() error {
	if !o.where {
		return measureAll(o)
	}
	table, err := where(o.duration())
	if err != nil {
		return err
	}
	return fill(root+"/docs/performance.md", "where", table)
}

func parseOptions() (opt options, err error) {
	flag.IntVar(&opt.rounds, "rounds", 5, "measure everything `N` times")
	flag.IntVar(&opt.seconds, "seconds", 3, "each measurement takes `N` seconds")
	only := flag.String("only", "", "measure only what matches `REGEXP`, and print the tables (-list shows the names)")
	names := flag.String("peers", "", "measure only these `PEERS`, separated by commas, and print the tables")
	flag.StringVar(&opt.json, "json", "", "write all numbers to `FILE`")
	flag.StringVar(&opt.from, "from", "", "begin with the numbers of this `FILE` (of -json); what is measured now takes their place; -rounds 0: nothing")
	flag.StringVar(&opt.tables, "tables", "", "write the tables into the page `FILE` (default, if all is measured: ../../docs/performance.md)")
	flag.BoolVar(&opt.where, "where", false, "measure nothing, but find out where part 5's time goes, and write that into the page")
	flag.BoolVar(&opt.grades, "grades", false, "measure nothing, but have shared/grade grade the parts and the peers, and write docs/grades.md")
	flag.StringVar(&opt.plot, "plot", "", "write the picture to `FILE` (default, if all is measured: ../../docs/performance.svg)")
	list := flag.Bool("list", false, "list the measures and the peers")
	flag.Parse()
	if *list {
		printList()
		os.Exit(0)
	}
	if flag.NArg() > 0 || opt.rounds < 0 || opt.seconds < 1 {
		return opt, errors.New("wrong arguments")
	}
	if opt.only, err = regexp.Compile(*only); err != nil {
		return opt, err
	}
	if opt.peers, err = choosePeers(*names); err != nil {
		return opt, err
	}
	if *only == "" && *names == "" {
		if opt.tables == "" {
			opt.tables = root + "/docs/performance.md"
		}
		if opt.plot == "" {
			opt.plot = root + "/docs/performance.svg"
		}
	}
	return opt, nil
}

func printList() {
	fmt.Println("measures:")
	for _, m := range measures() {
		fmt.Printf("  %s\n", m.id)
	}
	fmt.Printf("  %s\npeers:\n", inProcess)
	for _, p := range peers {
		fmt.Printf("  %-8s %s\n", p.name, p.title)
	}
}

// choosePeers returns the peers of a list of names, in the order of the table.
func choosePeers(names string) ([]peer, error) {
	if names == "" {
		return peers, nil
	}
	var chosen []peer
	wanted := strings.Split(names, ",")
	for _, p := range peers {
		for i, name := range wanted {
			if name == p.name {
				chosen = append(chosen, p)
				wanted = append(wanted[:i:i], wanted[i+1:]...)
				break
			}
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("no peer is called %q", wanted[0])
	}
	return chosen, nil
}

// enter builds the peers and runs this command once more in a network of its own.
func enter(opt options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if opt.rounds > 0 {
		buildPeers(opt.peers, dir)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{innerName}, os.Args[1:]...)
	cmd.Env = append(os.Environ(), programsEnv+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		// An ordinary user may do this in a user namespace, in which he is root.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM) // the inner process ends by them, and then this one tidies up
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the system allows no private network (go run ./shared/lab 5 says what to do): %w", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	return cmd.Wait()
}
