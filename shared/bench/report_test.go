//go:build linux

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		numbers []float64
		want    spread
	}{
		{nil, spread{}},
		{[]float64{7}, spread{1, 7, 7, 7}},
		{[]float64{3, 1, 2}, spread{3, 2, 1, 3}},
		{[]float64{4, 1, 3, 2}, spread{4, 2.5, 1, 4}},
	} {
		if got := spreadOf(test.numbers); got != test.want {
			t.Errorf("spreadOf(%v) = %v, want %v", test.numbers, got, test.want)
		}
	}
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.01234: "0.0123", 0.5: "0.500", 1: "1.00", 12.34: "12.3", 999.4: "999",
		1234.6: "1,235", 1234567: "1,234,567", -1234: "-1,234", math.Inf(1): "+Inf",
	} {
		if got := digits(x); got != want {
			t.Errorf("digits(%v) = %q, want %q", x, got, want)
		}
	}
}

// example has three rounds of part 5 and gVisor, the latter in two variants, and Linux for which there is nothing.
func example() *results {
	res := &results{Rounds: 3, Seconds: 1, Machine: machine{CPU: "abacus"}}
	numbers := func(row, peer, variant string, all ...float64) {
		for i, x := range all {
			res.Samples = append(res.Samples, sample{Row: row, Peer: peer, Variant: variant, Round: i + 1, Seconds: 1, Value: x})
		}
	}
	numbers("bulk/receive/rate", part5, "", 1000, 900, 1100)
	numbers("bulk/receive/rate", "gvisor", "512K", 400, 300, 500)
	numbers("bulk/receive/rate", "gvisor", "4M", 450, 600, 500)
	numbers("bulk/receive/cpu", part5, "", 2, 3, 1)
	numbers("bulk/receive/cpu", "gvisor", "512K", 4, 5, 6)
	numbers("bulk/receive/cpu", "gvisor", "4M", 7, 8, 9)
	numbers("parallel/receive/10/rate", part5, "", 500, 450, 1100)
	numbers("loss/send/0ms/5%/rate", part5, "", 10)
	for _, row := range []string{"bulk/receive/rate", "bulk/receive/cpu"} {
		res.Samples = append(res.Samples, sample{Row: row, Peer: "linux", Failed: "no | such thing."})
	}
	res.derive()
	return res
}

func TestPage(t *testing.T) {
	res := example()
	res.derive() // a second time changes nothing
	three := slices.DeleteFunc(slices.Clone(peers), func(p peer) bool { return p.name == "lwip" })
	got := res.page(three)
	for _, want := range []string{
		"abacus",
		"\n## Speed\n",
		"| one connection, the peer receives, Mbit/s | **1,000** (900–1,100) | 500 (450–600), 0.500 x, 4M | – [1] |\n",
		"| CPU time of receiving, s/GB ↓ | **2.00** (1.00–3.00) | 5.00 (4.00–6.00), 2.50 x, 512K | – [1] |\n",
		"| the peer receives on 10 connections at once, Mbit/s | 500 (450–1,100) | – [2] |",
		"| ... as a share of what it receives on one, % | 50.0 (50.0–100) |",
		"\n## Goodput with losses: the peer sends, 0 ms in each direction\n",
		"[1] Linux: no / such thing.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	for _, bad := range []string{"%!", "BBR"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q:\n%s", bad, got)
		}
	}
}

// TestFailures checks that rows that failed, for each variant or for one, become marks and not crashes.
func TestFailures(t *testing.T) {
	res := &results{}
	m, p := measures()[0], peers[1]
	res.add(m, p, p.variants[0], 1, 1, nil, "", errors.New("first reason"))
	res.add(m, p, p.variants[1], 1, 1, nil, "", errors.New("second reason"))
	if c := res.cell(m.rows[0], p); c.ok() || c.failed == "" {
		t.Errorf("%+v", c)
	}
	res.add(m, p, p.variants[1], 2, 1, values{m.rows[0].id: 7, m.rows[1].id: math.Inf(1)}, "it broke", nil)
	if c := res.cell(m.rows[0], p); c.median != 7 || c.mark != "4M" || c.note != "it broke" || c.failed != "second reason" {
		t.Errorf("%+v", c)
	}
	if c := res.cell(m.rows[1], p); c.ok() {
		t.Errorf("%+v", c)
	}
	if got := res.page(peers); !strings.Contains(got, "gVisor: it broke.") {
		t.Error(got)
	}
}

func TestMeasuredAnew(t *testing.T) {
	res := example()
	res.measured(options{only: regexp.MustCompile("^bulk"), peers: peers[:1]})
	for _, s := range res.Samples {
		if s.Peer == part5 && strings.HasPrefix(s.Row, "bulk") {
			t.Errorf("%+v is left", s)
		}
	}
	if c := res.cell(measures()[0].rows[0], peers[1]); !c.ok() {
		t.Error("gVisor's numbers are gone")
	}
}

// TestNames checks that no two rows have one name, that the rows exist of which the bars and the peers speak, and that no
// title breaks a table.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range measures() {
		for _, r := range m.rows {
			if seen[r.id] || !strings.HasPrefix(r.id, m.id) || strings.Contains(r.title, "|") {
				t.Errorf("%+v", r)
			}
			seen[r.id] = true
		}
	}
	for _, p := range peers {
		for part := range p.not {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(id string) bool { return strings.Contains(id, part) }) {
				t.Errorf("%s: no row has %q in its name", p.name, part)
			}
		}
	}
	if len(rowsNamed(barRows)) != len(barRows) {
		t.Error("a bar has no row")
	}
}

func TestPlot(t *testing.T) {
	count := map[string]int{}
	picture := example().plot(peers)
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
	if count["circle"] != 1 || count["polyline"] != 6*len(peers) {
		t.Errorf("%v", count)
	}
}

func TestParseBenchmarks(t *testing.T) {
	all := parseBenchmarks("goos: linux\npkg: a/b/part\nBenchmarkParse-2   1000   950.5 ns/op   1531 MB/s   0 B/op   0 allocs/op\n" +
		"BenchmarkIdleConn/fresh-2  1  5e7 ns/op  2000 bytes/conn  4000 ns/conn\nBenchmarkParse-2  1000  850.5 ns/op\nPASS\n")
	res := &results{Inside: all}
	for name, want := range map[string]string{
		"part:Parse": "900 (850–950)", "part:IdleConn/fresh ns/conn": "4,000", "Nothing": "–", "": "–",
	} {
		if got := res.insideCell(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestChoosePeers(t *testing.T) {
	got, err := choosePeers("linux,part5")
	if err != nil || len(got) != 2 || got[0].name != part5 || got[1].name != "linux" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := choosePeers("part5,nobody"); err == nil {
		t.Error("nobody was found")
	}
}

// TestCensus checks that each connection's rate is over its own time.
func TestCensus(t *testing.T) {
	at := time.Unix(0, 0)
	first := census{cpu: time.Second, cpuAt: at}
	first.at, first.bytes, first.segments = []time.Time{at, at.Add(time.Second)}, []float64{100, 0}, []float64{1, 0}
	last := census{cpu: 2 * time.Second, cpuAt: at.Add(2 * time.Second)}
	last.at, last.bytes, last.segments = []time.Time{at.Add(2 * time.Second), at.Add(5 * time.Second)}, []float64{300, 400}, []float64{3, 8}
	want := transfer{bytes: 200, segments: 3, took: time.Second, cpu: time.Second / 2}
	if got := last.since(first); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
