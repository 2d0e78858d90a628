//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
)

// inProcess is the name that -only knows the benchmarks by, which need no network.
const inProcess = "inprocess"

// A benchmark is one number of "go test -bench".
type benchmark struct {
	Name   string // the package's directory, ":", and the benchmark without "Benchmark" and the number of CPUs
	Unit   string
	Values []float64
}

// insideRows are the rows of the table. In a name that ends in a unit, that unit's number counts, and not ns/op.
var insideRows = []struct {
	title   string
	columns map[string]string // column: benchmark
}{
	{"parse Ethernet, IPv4 and TCP of a full segment, with both checksums", map[string]string{
		part5: partDir + ":Parse", "gVisor": "parsing:Parse/gvisor", "gopacket": "parsing:Parse/gopacket",
	}},
	{"answer an ARP request", map[string]string{part5: partDir + ":ARPExchange", "seqs": "seqs:ARPExchange"}},
	{"answer a ping of 56 bytes", map[string]string{part5: partDir + ":Echo"}},
	{"a handshake, as a server", map[string]string{part5: partDir + ":IdleConn/fresh ns/conn", "seqs": "seqs:Handshake"}},
	{"a full segment received, read and acknowledged", map[string]string{part5: partDir + ":TCPSegment/receive"}},
	{"a full segment written, sent and its ACK handled", map[string]string{part5: partDir + ":TCPSegment/send"}},
}

const partDir = "part5-retransmission/stack"

// insideColumns are the implementations.
var insideColumns = []string{part5, "gVisor", "gopacket", "seqs"}

// benchmarks runs all of them: part 5's own, and those of this module.
func (res *results) benchmarks(rounds int) {
	res.Inside = nil
	for _, where := range []struct{ dir, pkg, pattern string }{
		{root, "./" + partDir, "^Benchmark(Parse|ARPExchange|Echo|IdleConn|TCPSegment)$"},
		{".", "./...", "."},
	} {
		say("go test -bench %s %s", where.pattern, where.pkg)
		cmd := exec.Command("go", "test", "-run", "^$", "-bench", where.pattern, "-benchtime", "0.5s",
			"-count", strconv.Itoa(rounds), "-p", "1", "-timeout", "10m", where.pkg)
		cmd.Dir = where.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			say("%v\n%s", err, out)
		}
		res.Inside = append(res.Inside, parseBenchmarks(string(out))...)
	}
}

// parseBenchmarks reads what "go test -bench" prints.
func parseBenchmarks(out string) (all []benchmark) {
	dir := ""
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == "pkg:" {
			dir = path.Base(f[1])
		}
		name, ok := "", false
		if len(f) > 3 {
			name, ok = strings.CutPrefix(f[0], "Benchmark")
		}
		if !ok {
			continue
		}
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil {
				name = name[:i]
			}
		}
		name = dir + ":" + name
		for i := 2; i+1 < len(f); i += 2 {
			value, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				break
			}
			at := slices.IndexFunc(all, func(b benchmark) bool { return b.Name == name && b.Unit == f[i+1] })
			if at < 0 {
				at, all = len(all), append(all, benchmark{Name: name, Unit: f[i+1]})
			}
			all[at].Values = append(all[at].Values, value)
		}
	}
	return all
}

// insideTable is the table of the benchmarks.
func (res *results) insideTable() string {
	if len(res.Inside) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## Without a network\n\nNanoseconds within the program, and allocations, if there are any: what `go test -bench` says.\n\n| |")
	var columns []string
	for _, c := range insideColumns {
		if slices.ContainsFunc(res.Inside, func(b benchmark) bool { return belongs(b, c) }) {
			columns = append(columns, c)
			fmt.Fprintf(&b, " %s |", strings.Replace(c, part5, "part 5", 1))
		}
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(columns)))
	for _, r := range insideRows {
		fmt.Fprintf(&b, "| %s, ns ↓ |", r.title)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", res.insideCell(r.columns[c]))
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// belongs reports whether a column shows a benchmark.
func belongs(b benchmark, column string) bool {
	for _, r := range insideRows {
		name, _, _ := strings.Cut(r.columns[column], " ")
		if name == b.Name {
			return true
		}
	}
	return false
}

// insideCell finds the numbers of a benchmark; a name without its subtest means the first one.
func (res *results) insideCell(name string) string {
	name, unit, found := strings.Cut(name, " ")
	if !found {
		unit = "ns/op"
	}
	if name == "" {
		return "–"
	}
	text := "–"
	for _, b := range res.Inside {
		if b.Name != name && !strings.HasPrefix(b.Name, name+"/") {
			continue
		}
		s := spreadOf(b.Values)
		switch {
		case b.Unit == unit && text == "–":
			text = digits(s.median)
			if s.n > 1 {
				text += fmt.Sprintf(" (%s–%s)", digits(s.min), digits(s.max))
			}
		case b.Unit == "allocs/op" && unit == "ns/op" && s.median > 0 && text != "–":
			return text + fmt.Sprintf(", %s allocs", digits(s.median))
		}
	}
	return text
}
