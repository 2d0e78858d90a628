//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

var chapterTitles = [6]string{1: "Ethernet and ARP", 2: "IPv4 and ICMP", 3: "The TCP handshake", 4: "TCP data", 5: "Retransmission"}

// A report is what the grade comes to.
type report struct {
	Program  []string
	Passed   bool
	Broken   string    `json:",omitempty"` // why it was over before its end
	Ended    []string  `json:",omitempty"` // how the program has ended by itself, and was started anew
	Seconds  float64   // how long it took
	Chapters []chapter // those that were asked for
}

// A chapter's mark is Passed of All.
type chapter struct {
	Number  int
	Title   string
	Passed  int
	All     int
	Inner   int // scripts left out that need more of a stack than its frames
	Long    int // scripts left out that take longer than a minute: -long plays them
	Results []result
}

type result struct {
	File, Name, RFC, Says string
	Passed                bool
	Why                   string `json:",omitempty"`
}

func newReport(opt options, c *collection) *report {
	r := &report{Program: opt.program}
	for n := 1; n <= opt.part; n++ {
		ch := chapter{Number: n, Title: chapterTitles[n], Inner: c.inner[n], Long: c.long[n]}
		for _, j := range c.jobs {
			if j.Chapter == n {
				ch.All++
			}
		}
		r.Chapters = append(r.Chapters, ch)
	}
	return r
}

func (r *report) add(j *job, why string) {
	ch := &r.Chapters[j.Chapter-1]
	if why == "" {
		ch.Passed++
	}
	ch.Results = append(ch.Results, result{j.File, j.Name, j.RFC, j.Says, why == "", why})
	r.Passed = !slices.ContainsFunc(r.Chapters, func(c chapter) bool { return c.Passed < c.All })
}

func (r *report) writeJSON(w io.Writer) error {
	r.sort()
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// sort brings the results into an order that does not depend on which of two was over first.
func (r *report) sort() {
	for _, ch := range r.Chapters {
		slices.SortFunc(ch.Results, func(a, b result) int {
			return strings.Compare(a.File+"\x00"+a.Name, b.File+"\x00"+b.Name)
		})
	}
	r.Passed = r.Passed && r.Broken == "" && r.Ended == nil
}

// write prints the report for people.
func (r *report) write(w io.Writer, verbose bool) error {
	r.sort()
	var b strings.Builder
	for _, ch := range r.Chapters {
		fmt.Fprintf(&b, "\n== %d %s\n", ch.Number, ch.Title)
		for _, res := range ch.Results {
			if res.Passed {
				if verbose {
					fmt.Fprintf(&b, "pass  %s: %s (RFC %s)\n", res.File, res.Name, res.RFC)
				}
				continue
			}
			fmt.Fprintf(&b, "\nFAIL  %s: %s\n", res.File, res.Name)
			fmt.Fprintf(&b, "      RFC %s: %s\n", res.RFC, strings.ReplaceAll(res.Says, "\n", "\n      "))
			fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(strings.TrimSpace(res.Why), "\n", "\n      "))
		}
		if n := ch.All - len(ch.Results); n > 0 {
			fmt.Fprintf(&b, "%d were not played\n", n)
		}
	}
	b.WriteString("\n")
	for _, why := range r.Ended {
		fmt.Fprintf(&b, "The program was started anew: %s\n\n", why)
	}
	if r.Broken != "" {
		fmt.Fprintf(&b, "It was over early: %s\n\n", r.Broken)
	}
	for _, ch := range r.Chapters {
		fmt.Fprintf(&b, "%d  %-18s %4d of %4d", ch.Number, ch.Title, ch.Passed, ch.All)
		var left []string
		if ch.Inner > 0 {
			left = append(left, fmt.Sprintf("%d need to see inside", ch.Inner))
		}
		if ch.Long > 0 {
			left = append(left, fmt.Sprintf("%d need -long", ch.Long))
		}
		if left != nil {
			fmt.Fprintf(&b, "   left out: %s", strings.Join(left, ", "))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "after %.0f s\n", r.Seconds)
	_, err := io.WriteString(w, b.String())
	return err
}
