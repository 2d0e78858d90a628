package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const usage = `usage: go run ./shared/lab PART [FLAGS] -- COMMAND   run a command beside a part
       go run ./shared/lab PART [FLAGS]              open a shell beside a part
       go run ./shared/lab PART on [FLAGS] -- COMMAND   its connections go through the part (4 and 5)
       go run ./shared/lab demo [-cable] [NUMBER]    watch the parts at work; needs no tool

PART is a number (1 to 5), a part's directory, or a part that is built already.
FLAGS go to the part: -q keeps it quiet, -loss 5% loses frames, -h lists them all.
With -resolve and other flags that make a part do one thing and end, there is no
shell: the part has the terminal, and the lab ends with the part's status.
The part's trace is printed on stderr. The kernel's end of the cable is 10.0.0.1
on device tap0, the part answers as 10.0.0.4.

  go run ./shared/lab 1 -- arping -I tap0 -c3 10.0.0.4
  go run ./shared/lab 1 -resolve 10.0.0.1
  go run ./shared/lab 5 on -- curl http://10.0.0.1:8000/
  go run ./shared/lab demo

"on" makes the part a proxy at 127.0.0.1:1080, by SOCKS 5 and HTTP, and tells the command
by http_proxy, all_proxy and their like. For programs that know no proxy there is Debian's
proxychains4: go run ./shared/lab 5 on -- proxychains4 nc 10.0.0.1 8000

The lab ends with the command's status, or 128+N if signal N ended the command.
"go run" turns every status but 0 into 1; to see the real one, build the lab:
  go build -o /tmp/lab ./shared/lab && /tmp/lab 1 -- false; echo $?
LAB_PORTS="40000 40001" narrows the ports that the kernel gives to clients (else
40000 to 40999), so that a run repeats to the port.
`

// proxyAt is where a part takes requests that is to open the connections of other programs.
const proxyAt = "127.0.0.1:1080"

// A request is what the command line asks for.
type request struct {
	help    bool
	demo    bool
	cable   bool     // demo: no namespace, a pair of sockets is the cable
	part    string   // a number, a directory or a built part; for the demo a number, or "" for every part
	on      bool     // the command's connections go through the part
	flags   []string // for the part
	command []string // empty: a shell, or nothing if the part is called for one thing
}

// oneThing lists the parts' flags that make a part do one thing and end, instead of staying to answer. The contract on the
// parts' command line names them. Without a command such a part needs no shell beside it.
var oneThing = []string{"resolve", "ping", "dial", "get", "nc"}

// alone reports whether the part is to do one thing with nothing beside it.
func (r request) alone() bool {
	return len(r.command) == 0 && slices.ContainsFunc(r.flags, func(arg string) bool {
		name, isFlag := strings.CutPrefix(arg, "-")
		name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
		return isFlag && slices.Contains(oneThing, name)
	})
}

// parseArgs reads the lab's command line (without the program's name).
func parseArgs(args []string) (request, error) {
	if len(args) == 0 {
		return request{help: true}, nil
	}
	switch first := args[0]; {
	case first == "-h" || first == "-help" || first == "--help" || first == "help":
		return request{help: true}, nil
	case first == "demo":
		return parseDemo(args[1:])
	case first == "--":
		return request{}, errors.New("name a part before the --, for example 1")
	case first == "":
		return request{}, errors.New("the part's name is empty")
	case strings.HasPrefix(first, "-"):
		return request{}, fmt.Errorf("name a part first; %s would go after it", first)
	}
	req := request{part: args[0]}
	rest := args[1:]
	if len(rest) > 0 && rest[0] == "on" {
		req.on, rest = true, append([]string{"-socks", proxyAt}, rest[1:]...)
	}
	for i, arg := range rest {
		if arg == "--" {
			req.flags, req.command = rest[:i], rest[i+1:]
			if len(req.command) == 0 {
				return request{}, errors.New("a command must follow the --; leave the -- out to get a shell")
			}
			return req, nil
		}
	}
	req.flags = rest
	// "lab 1 arping 10.0.0.4" is an easy slip. A part takes no words before its first flag.
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return request{}, fmt.Errorf("put -- before the command: %s -- %s", req.part, strings.Join(rest, " "))
	}
	return req, nil
}

// parseDemo reads what follows the word demo.
func parseDemo(args []string) (request, error) {
	req := request{demo: true}
	for _, arg := range args {
		switch {
		case arg == "-cable" || arg == "--cable":
			req.cable = true
		case arg == "-h" || arg == "-help" || arg == "--help":
			return request{help: true}, nil
		case isNumber(arg) && req.part == "":
			req.part = arg
		default:
			return request{}, fmt.Errorf("the demo takes -cable and one part's number, not %q", arg)
		}
	}
	return req, nil
}

// isNumber reports whether s is made of digits, which makes it a part's number and never a directory.
func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
