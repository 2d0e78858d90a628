package runs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A leg is one part of a journey: what one goroutine after the other did.
type leg struct {
	title    string
	stations []string // functions, by name
	passed   []string // those of them that are called
	roots    []*node  // one for each goroutine, in the order in which they began
	by       map[string]*node
}

// A node is a call, or a frame that is read or written.
type node struct {
	name, file string // file: "" for a frame
	small      bool
	station    bool // the way to it is shown, like the way of a frame
	below      []*node
}

// beside is how many calls deep it is shown what a function does that is not on the way of a frame.
const beside = 1

// grow makes trees of the recorder's lines. Unless all are wanted, it takes off small leaves and what is far from the way.
// A station that nobody passes is an error: its name is wrong, or the way has become another one.
func grow(lines []string, all bool) ([]*leg, error) {
	var legs []*leg
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if f[0] == "leg" {
			legs = append(legs, &leg{title: f[1], stations: f[2:], by: map[string]*node{}})
			continue
		}
		last := legs[len(legs)-1]
		root := last.by[f[0]]
		if root == nil {
			root = &node{}
			last.by[f[0]] = root
			last.roots = append(last.roots, root)
		}
		depth, _ := strconv.Atoi(f[1]) // the recorder writes a number
		at := root
		for range depth {
			at = at.below[len(at.below)-1]
		}
		n := nodeOf(f[2:])
		if n.station = slices.Contains(last.stations, n.name); n.station {
			last.passed = append(last.passed, n.name)
		}
		at.below = append(at.below, n)
	}
	for _, l := range legs {
		for _, name := range l.stations {
			if !slices.Contains(l.passed, name) {
				return nil, fmt.Errorf("%q does not pass %s, which is named as one of its stations", l.title, name)
			}
		}
		for _, root := range l.roots {
			if !all {
				root.prune()
				root.cut(beside + 1) // the root itself is no call
			}
			root.fold()
		}
	}
	return legs, nil
}

func nodeOf(f []string) *node {
	switch f[0] {
	case "read":
		return &node{name: "← a frame of " + f[1] + " bytes"}
	case "write":
		return &node{name: "→ a frame of " + f[1] + " bytes"}
	}
	return &node{name: f[1], file: f[2], small: f[3] == "true"}
}

// prune takes off the leaves that are small or belong to the trace.
func (n *node) prune() {
	kept := n.below[:0]
	for _, child := range n.below {
		child.prune()
		leaf := len(child.below) == 0 && child.file != "" && !child.station
		if leaf && child.small || isTrace(child.file) {
			continue
		}
		kept = append(kept, child)
	}
	n.below = kept
}

// cut takes off what is more than left calls away from the way of a frame.
func (n *node) cut(left int) {
	kept := n.below[:0]
	for _, child := range n.below {
		switch {
		case child.onWay():
			child.cut(child.beside())
		case left == 0:
			continue
		default:
			child.cut(left - 1)
		}
		kept = append(kept, child)
	}
	n.below = kept
}

// beside returns how many calls deep it is shown what n does beside the way. Of a station at its end, that is nothing.
func (n *node) beside() int {
	if n.station && !slices.ContainsFunc(n.below, (*node).onWay) {
		return 0
	}
	return beside
}

// onWay reports whether n is a station, or a frame that is read or written, or has not returned by then.
func (n *node) onWay() bool {
	return n.file == "" || n.station || slices.ContainsFunc(n.below, (*node).onWay)
}

// fold puts calls that repeat, with all below them, into one.
func (n *node) fold() {
	kept := n.below[:0]
	for _, child := range n.below {
		child.fold()
		if last := len(kept) - 1; last >= 0 && child.file != "" && child.same(kept[last]) {
			continue
		}
		kept = append(kept, child)
	}
	n.below = kept
}

func (n *node) same(m *node) bool {
	if n.name != m.name || n.file != m.file || len(n.below) != len(m.below) {
		return false
	}
	for i := range n.below {
		if !n.below[i].same(m.below[i]) {
			return false
		}
	}
	return true
}

// layOut returns the trees as text, the files in a column of their own.
func layOut(legs []*leg) string {
	var b strings.Builder
	width := 0
	for _, l := range legs {
		for _, root := range l.roots {
			width = max(width, root.width(0))
		}
	}
	for i, l := range legs {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s:\n", l.title)
		for j, root := range l.roots {
			if j > 0 && len(root.below) > 0 {
				b.WriteString("\n")
			}
			for _, child := range root.below {
				child.write(&b, 1, width)
			}
		}
	}
	return b.String()
}

const indent = "  "

// width returns how wide the functions' names are, with what stands in front of them.
func (n *node) width(depth int) int {
	w := 0
	if n.file != "" {
		w = depth*len(indent) + len([]rune(n.name))
	}
	for _, child := range n.below {
		w = max(w, child.width(depth+1))
	}
	return w
}

func (n *node) write(b *strings.Builder, depth, width int) {
	name := strings.Repeat(indent, depth) + n.name
	if n.file != "" {
		name += strings.Repeat(" ", width+2-len([]rune(name))) + n.file
	}
	b.WriteString(name + "\n")
	for _, child := range n.below {
		child.write(b, depth+1, width)
	}
}
