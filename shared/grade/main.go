//go:build linux

// Command grade says how much of TCP/IP a program can do, whatever language it is written in. It starts the program at the
// other end of a cable, plays what the RFCs have a host do, from outside and in real time, and prints, chapter by chapter,
// what passes and what does not:
//
//	go run ./shared/grade [-part N] [-json] [-pcap FILE] [-long] [-only TEXT] -- PROGRAM ARGS…
//
// The cable is a seqpacket socket that the program inherits as descriptor 3: one message is one frame. With -tap NAME it is
// the TAP device of that name, which the program makes, in a network of its own. The program is the host 10.0.0.4; the
// other hosts have other addresses of 10.0.0.0/24, and the chapters from 4 on need the services echo (port 7), discard (9),
// daytime (13) and chargen (19). docs/your-own.md tells how to build such a program.
//
// The exit status is 0 if all passes, 1 if something does not, 2 for a wrong command line.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func init() {
	runtime.LockOSThread() // a child that is to die with this process dies with the thread that started it
}

func main() { os.Exit(grade(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	part    int
	json    bool
	verbose bool
	list    bool
	pcap    string
	long    bool
	only    string
	tap     string
	ip      netip.Addr
	wait    time.Duration
	lanes   int
	program []string
}

const usage = `usage: grade [flags] -- PROGRAM ARGS…

The program gets its cable as descriptor 3, a seqpacket socket: one message, one frame.
  go run ./shared/grade -part 1 -- ./my-stack
  go run ./shared/grade -- ./part5 -q -tap fd:3
`

func parse(args []string) (opt options, err error) {
	flags := flag.NewFlagSet("grade", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&opt.part, "part", 5, "grade chapters 1 to `N`")
	flags.BoolVar(&opt.json, "json", false, "print the grades as JSON")
	flags.BoolVar(&opt.verbose, "v", false, "name what passes, too, and show what the program prints")
	flags.BoolVar(&opt.list, "list", false, "list what would be played, and start nothing")
	flags.StringVar(&opt.pcap, "pcap", "", "write every frame to `FILE`, for Wireshark")
	flags.BoolVar(&opt.long, "long", false, "play what takes longer than a minute, too")
	flags.StringVar(&opt.only, "only", "", "play only what has `TEXT` in its name")
	flags.StringVar(&opt.tap, "tap", "", "the program makes the TAP device `NAME`, in a network of its own")
	flags.TextVar(&opt.ip, "ip", netip.MustParseAddr("10.0.0.4"), "the program has this `ADDRESS`")
	flags.DurationVar(&opt.wait, "wait", 20*time.Second, "how long the program may take until it answers ARP")
	flags.IntVar(&opt.lanes, "lanes", 8, "play up to `N` scripts at the same time, each from a host of its own")
	var help strings.Builder
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(&help)
			flags.PrintDefaults()
			return opt, fmt.Errorf("%s\n%s", usage, help.String())
		}
		return opt, err
	}
	opt.program = flags.Args()
	switch {
	case len(opt.program) == 0 && !opt.list:
		return opt, fmt.Errorf("which program? %s", usage)
	case opt.part < 1 || opt.part > 5:
		return opt, errors.New("-part is 1 to 5")
	case opt.lanes < 1 || opt.lanes > 40:
		return opt, errors.New("-lanes is 1 to 40")
	case !opt.ip.Is4() || opt.ip.As4()[3] < 2 || opt.ip.As4()[3] > 9:
		return opt, errors.New("-ip is an address whose last byte is 2 to 9")
	}
	return opt, nil
}

const (
	passed = 0
	failed = 1
	wrong  = 2
)

// grade is the whole command. It returns the exit status.
func grade(args []string, stdout, stderr io.Writer) int {
	opt, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "grade: %v\n", err)
		return wrong
	}
	all, err := collect(opt)
	if err != nil {
		fmt.Fprintf(stderr, "grade: %v\n", err)
		return wrong
	}
	if opt.list {
		for _, j := range all.jobs {
			fmt.Fprintf(stdout, "%d  %s\n", j.Chapter, j.title())
		}
		return passed
	}
	if opt.tap != "" && os.Args[0] != innerName {
		return enter(args, stdout, stderr)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(end)
	report := all.play(opt, func() (*hub, error) { return start(opt, stderr, end) })
	if opt.json {
		err = report.writeJSON(stdout)
	} else {
		err = report.write(stdout, opt.verbose)
	}
	if err != nil || !report.Passed {
		return failed
	}
	return passed
}
