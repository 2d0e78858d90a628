//go:build linux

package main

import (
	"fmt"
	"strings"
)

const pageHead = `%s

Each number is the median of %s rounds of %s seconds, behind it the least and the most, and in
front of the word "x" the peer's number divided by part 5's. The best of the stacks outside the kernel is in
bold; in rows marked with ↓ less is better. Where a peer was run in several variants, the number is the
better one's, whose mark stands behind it.

`

const pageFoot = `## What the rows say

- **Mbit/s** are of data: what the peer's TCP has acknowledged when the time is up, or what has arrived from it. All
  transfers end by the clock and begin when the connection is open.
- **CPU time** is that of the peer's process, in its own code and in the kernel on its behalf: to put a frame on the TAP
  device is a system call in which the kernel's TCP does much of its work, too, and that counts. That of a segment is
  divided by the segments with data that the kernel sent to the peer.
- **Connections opened, used and closed**: one after the other; the client reads the time of day until the peer closes.
- **Memory** is how much the process's resident memory has grown by 1,000 connections to the echo service, two
  seconds later, divided by 1,000. In Go this has in it what the next garbage collection would free, which nobody can
  ask for from outside, and a goroutine or two for each connection.
- **At once**: all connections are open before the count begins, and the first second does not count.
- **Losses** are in both directions, with the same seeds for all peers: the number of the round. Only Linux's,
  without a delay, have none: nftables chooses the frames where they arrive. 0 % without a delay is a bare cable.
- **Linux** at the peer's place has no TAP device in front of it, but a pair of veth devices without offloads; with a delay,
  a TAP device of its own and a program between the two.

`

// page is what docs/performance.md says of the measurements.
func (res *results) page(list []peer) string {
	var b strings.Builder
	rounds, seconds := res.howOften()
	fmt.Fprintf(&b, pageHead, res.Machine.text(), rounds, seconds)
	notes := &footnotes{}
	var section string
	var rows []row
	flush := func() {
		if len(rows) > 0 {
			b.WriteString(res.table(section, rows, list, notes))
		}
		rows = nil
	}
	for _, m := range measures() {
		for _, r := range m.rows {
			if !res.has(r) {
				continue
			}
			if r.section != section {
				flush()
				section = r.section
			}
			rows = append(rows, r)
		}
	}
	flush()
	b.WriteString(res.insideTable())
	b.WriteString(notes.text() + pageFoot)
	return b.String()
}

// howOften tells how many rounds there were, and of how many seconds each: rows that were measured anew may differ.
func (res *results) howOften() (rounds, seconds string) {
	type cell struct{ row, peer, variant string }
	count := map[cell]int{}
	span := func(from, to int) string {
		if from == to {
			return fmt.Sprint(from)
		}
		return fmt.Sprintf("%d to %d", from, to)
	}
	least, most := res.Seconds, res.Seconds
	for _, s := range res.Samples {
		count[cell{s.Row, s.Peer, s.Variant}]++
		least, most = min(least, s.Seconds), max(most, s.Seconds)
	}
	fewest, highest := res.Rounds, res.Rounds
	for _, n := range count {
		fewest, highest = min(fewest, n), max(highest, n)
	}
	return span(fewest, highest), span(least, most)
}

// has reports whether a row was measured at all.
func (res *results) has(r row) bool {
	for _, s := range res.Samples {
		if s.Row == r.id {
			return true
		}
	}
	return false
}

// table is one table with its heading.
func (res *results) table(section string, rows []row, list []peer, notes *footnotes) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n| |", section)
	for _, p := range list {
		fmt.Fprintf(&b, " %s |", p.title)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(list)))
	for _, r := range rows {
		arrow := ""
		if r.lower {
			arrow = " ↓"
		}
		cells := make([]cell, len(list))
		for i, p := range list {
			cells[i] = res.cell(r, p)
		}
		title := r.title
		for _, c := range cells {
			if c.ok() && c.seconds != res.Seconds {
				title = fmt.Sprintf("%s (measured for %d s)", r.title, c.seconds)
			}
		}
		fmt.Fprintf(&b, "| %s, %s%s |", title, r.unit, arrow)
		best := bestOf(r, cells, list)
		for i, p := range list {
			fmt.Fprintf(&b, " %s |", cellText(cells[i], res.cell(r, peers[0]), p, i == best, notes))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	return b.String()
}

// bestOf returns which of the stacks outside the kernel is the best, or -1 if there are no two.
func bestOf(r row, cells []cell, list []peer) int {
	best, compared := -1, 0
	for i, c := range cells {
		if !c.ok() || list[i].name == "linux" {
			continue
		}
		compared++
		if best < 0 || r.lower && c.median < cells[best].median || !r.lower && c.median > cells[best].median {
			best = i
		}
	}
	if compared < 2 {
		return -1
	}
	return best
}

// cellText is "**941** (930–950), 1.02 x, 4M".
func cellText(c, ours cell, p peer, best bool, notes *footnotes) string {
	if !c.ok() {
		return "–" + notes.mark(p, c.failed)
	}
	text := digits(c.median)
	if best {
		text = "**" + text + "**"
	}
	if c.n > 1 {
		text += fmt.Sprintf(" (%s–%s)", digits(c.min), digits(c.max))
	}
	if ours.ok() && ours.median > 0 && p.name != part5 {
		text += fmt.Sprintf(", %s x", digits(c.median/ours.median))
	}
	if c.mark != "" {
		text += ", " + c.mark
	}
	for _, why := range []string{c.failed, c.note} {
		if why != "" {
			text += notes.mark(p, why)
		}
	}
	return text
}

// footnotes tell why there is no number, or what is wrong with it.
type footnotes struct{ said []string }

// mark returns the mark of a note.
func (f *footnotes) mark(p peer, why string) string {
	if why == "" {
		why = "not measured"
	}
	why = p.title + ": " + why
	for i, said := range f.said {
		if said == why {
			return fmt.Sprintf(" [%d]", i+1)
		}
	}
	f.said = append(f.said, why)
	return fmt.Sprintf(" [%d]", len(f.said))
}

func (f *footnotes) text() string {
	var b strings.Builder
	for i, why := range f.said {
		fmt.Fprintf(&b, "[%d] %s.\n\n", i+1, strings.TrimSuffix(strings.ReplaceAll(why, "|", "/"), "."))
	}
	return b.String()
}
