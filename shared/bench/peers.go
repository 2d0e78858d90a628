//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A peer is a program that is measured. It is started in a namespace that is empty but for lo, with
//
//	-tap tap0 -ip 10.0.0.4/24 -host 10.0.0.1/24 -q [-loss 5%] [-delay 20ms] [-seed 1]
//
// makes the TAP device, gives the kernel's end of it the -host address, answers on its own end for the -ip address, and
// prints a line that begins with "ready:" on stderr when it does. It has TCP's services echo (7), discard (9), daytime (13:
// one short line, then it closes) and chargen (19: as fast as it can until the reader closes), and answers ping. It loses
// and delays frames as the flags say, in each direction, and ends on SIGTERM.
type peer struct {
	name  string
	title string
	build string // a command, run in the repository's directory; $OUT is the program it has to make
	flags string // for all variants

	// variants are ways to start it. The best one of each row counts, and its mark stands beside the number.
	variants []variant

	// not tells of rows that mean nothing for this peer, by a substring of their names.
	not map[string]string
}

// A variant is a way to start a peer.
type variant struct{ mark, flags string }

// peers are all that are measured. Part 5 is the first: the others are compared with it.
var peers = []peer{
	{name: part5, title: "part 5", build: "go build -buildvcs=false -o $OUT ./part5-retransmission"},
	{
		name: "gvisor", title: "gVisor", build: "go -C shared/bench build -buildvcs=false -o $OUT ./gvisor",
		variants: []variant{{"512K", "-buffer 524288"}, {"4M", "-buffer 4194304"}},
	},
	{
		name: "lwip", title: "lwIP", build: "bash shared/bench/lwip/build.sh $OUT", flags: "-reuse",
		variants: []variant{{"64K", "-buffer 64k"}, {"1M", "-buffer 1m"}},
		not:      map[string]string{"memory/": "its connections are in arrays that are there from the start"},
	},
	{
		name: "linux", title: "Linux", build: "go -C shared/bench build -buildvcs=false -o $OUT ./linux",
		not: map[string]string{
			"/cpu":    "the kernel does its work in nobody's name, or in that of whoever happens to run: the process's CPU time does not tell",
			"memory/": "the kernel's memory is not in the process's",
		},
	},
}

const part5 = "part5"

// ways returns the variants: at least one.
func (p peer) ways() []variant {
	if len(p.variants) == 0 {
		return []variant{{}}
	}
	return p.variants
}

// notApplicable tells why a row means nothing for the peer, or "".
func (p peer) notApplicable(row string) string {
	for part, why := range p.not {
		if strings.Contains(row, part) {
			return why
		}
	}
	return ""
}

// buildPeers builds the programs into a directory. Beside one that cannot be built lies the reason.
func buildPeers(list []peer, dir string) {
	out, err := filepath.Abs(dir)
	if err != nil {
		out = dir
	}
	for _, p := range list {
		path := filepath.Join(out, p.name)
		say("building %s", p.title)
		words := strings.Fields(os.Expand(p.build, func(string) string { return path }))
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = root
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			say("%s cannot be built: %v\n%s", p.title, err, said.String())
			_ = os.Remove(path)
			_ = os.WriteFile(path+".why", fmt.Appendf(nil, "it could not be built: %v", err), 0o644)
		}
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
