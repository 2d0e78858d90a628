package pages

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A mask replaces times, which differ from run to run, by a text that does not, and the numbers that the kernel draws at
// random. It hides nothing else: whatever else differs is to be made repeatable where it is made.
type mask struct {
	name    string
	what    string
	pattern *regexp.Regexp
	with    string
}

// masks is every mask there is. A name can stand for several patterns.
var masks = []mask{
	// The time of day in front of each line of a part's trace, as in tcpdump. The width stays, so the columns do.
	{"clock", "the trace's times of day", regexp.MustCompile(`\b\d\d:\d\d:\d\d\.\d{6}\b`), "hh:mm:ss.uuuuuu"},
	// The round trip in a line of arping, which changes the unit to msec when the machine is busy.
	{"usec", "arping's time=… usec", regexp.MustCompile(`\btime=\d+(\.\d+)? [mu]?sec\b`), "time=… usec"},
	// The line of arping that sums up.
	{"rtt", "arping's last line", regexp.MustCompile(`(?m)^rtt min/avg/max/std-dev = [\d./]+ ms$`), "rtt min/avg/max/std-dev = …/…/…/… ms"},
	// The round trip in a line of ping.
	{"ms", "ping's time=… ms, time …ms and last line", regexp.MustCompile(`\btime=\d+(\.\d+)? ms\b`), "time=… ms"},
	// How long ping ran, on the line before its last.
	{"ms", "", regexp.MustCompile(`, time \d+ms\b`), ", time …ms"},
	// The line of ping that sums up; "pipe" appears when answers are slower than questions.
	{"ms", "", regexp.MustCompile(`(?m)^rtt min/avg/max/mdev = [\d./]+ ms(, pipe \d+)?$`), "rtt min/avg/max/mdev = …/…/…/… ms"},
	// The round trips in a line of traceroute.
	{"hops", "traceroute's times", regexp.MustCompile(`  \d+\.\d{3} ms\b`), "  … ms"},
	// IP's Identification and the Identifier of an echo: the kernel draws them at random, and so do we.
	{"id", "the numbers in \"id 12345\"", regexp.MustCompile(`\bid \d+\b`), "id …"},
	// The sequence numbers of a connection's first segments, and timestamps, which both hosts draw at random; all later
	// ones are counted from there.
	{"seq", "TCP's initial sequence numbers and timestamps", regexp.MustCompile(`\bseq \d{5,}\b`), "seq …"},
	{"seq", "", regexp.MustCompile(`\back \d{5,}\b`), "ack …"},
	{"seq", "", regexp.MustCompile(`\bTS val \d+ ecr \d+`), "TS val … ecr …"},
	// The port that the kernel gives to a client, out of the lab's thousand.
	{"port", "client ports: the kernel's 40000 to 40999, ours from 1024 on", regexp.MustCompile(`\b10\.0\.0\.1\.40\d{3}\b`), "10.0.0.1.40xxx"},
	{"port", "", regexp.MustCompile(`\b10\.0\.0\.1:40\d{3}\b`), "10.0.0.1:40xxx"},
	{"port", "", regexp.MustCompile(`\b10\.0\.0\.4\.\d{4,5}\b`), "10.0.0.4.xxxxx"},
	{"port", "", regexp.MustCompile(`\b10\.0\.0\.4:\d{4,5}\b`), "10.0.0.4:xxxxx"},
	// The same of a second stack, behind the kernel as a router.
	{"port", "", regexp.MustCompile(`\b10\.0\.1\.4\.\d{4,5}\b`), "10.0.1.4.xxxxx"},
	{"port", "", regexp.MustCompile(`\b10\.0\.1\.4:\d{4,5}\b`), "10.0.1.4:xxxxx"},
	// What the lab's demo measured; Go chooses the unit by the size.
	{"took", "the demo's \"took …µs\"", regexp.MustCompile(`\btook \d+(\.\d+)?(ns|µs|ms|s)\b`), "took …µs"},
}

// maskHelp lists the masks for the help text.
func maskHelp() string {
	var b strings.Builder
	for _, m := range masks {
		if m.what != "" {
			fmt.Fprintf(&b, "  %-6s %s\n", m.name, m.what)
		}
	}
	return b.String()
}

// knownMasks returns an error if a name is no mask's.
func knownMasks(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(masks, func(m mask) bool { return m.name == name }) {
			return fmt.Errorf("there is no mask %q; there is:\n%s", name, maskHelp())
		}
	}
	return nil
}

// applyMasks masks text. A mask that finds nothing is an error, so that a block lists no more masks than it needs.
func applyMasks(names []string, text string) (string, error) {
	for _, name := range names {
		found := false
		for _, m := range masks {
			if m.name == name && m.pattern.MatchString(text) {
				text, found = m.pattern.ReplaceAllLiteralString(text, m.with), true
			}
		}
		if !found {
			return "", fmt.Errorf("there is nothing to mask for mask=%s; leave it out, or see why the output lacks it:\n%s", name, text)
		}
	}
	return text, nil
}
