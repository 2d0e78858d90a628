//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
)

// A row is a row of a table.
type row struct {
	id      string
	section string
	title   string
	unit    string
	lower   bool // less is better
}

// A sample is one number, or the reason why there is none.
type sample struct {
	Row     string
	Peer    string
	Variant string  `json:",omitempty"`
	Round   int     // also the seed of the losses
	Seconds int     // for how long it was measured
	Value   float64 `json:",omitempty"`
	Failed  string  `json:",omitempty"` // why there is no value
	Note    string  `json:",omitempty"` // a connection that broke, and counts nevertheless
}

// results are everything that was measured.
type results struct {
	Machine machine
	Rounds  int
	Seconds int
	Samples []sample
	Inside  []benchmark // in-process
}

// load takes over the numbers of an earlier run.
func (res *results) load(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var earlier results
	if err := json.Unmarshal(content, &earlier); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if res.Rounds == 0 {
		res.Machine, res.Rounds, res.Seconds = earlier.Machine, earlier.Rounds, earlier.Seconds
	}
	res.Samples, res.Inside = earlier.Samples, earlier.Inside
	return nil
}

// save writes everything to a file, if there is to be one.
func (res *results) save(path string) error {
	if path == "" {
		return nil
	}
	content, err := json.MarshalIndent(res, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// measured removes the samples that are about to be measured anew.
func (res *results) measured(opt options) {
	again := map[string]bool{}
	for _, m := range measures() {
		for _, r := range m.rows {
			for _, p := range opt.peers {
				again[r.id+" "+p.name] = opt.only.MatchString(m.id)
			}
		}
	}
	var kept []sample
	for _, s := range res.Samples {
		if !again[s.Row+" "+s.Peer] {
			kept = append(kept, s)
		}
	}
	res.Samples = kept
}

// add notes what a run came to, and returns it as a line for the terminal.
func (res *results) add(m measure, p peer, v variant, round, seconds int, got values, dropped string, err error) string {
	var said []string
	for _, r := range m.rows {
		if strings.HasSuffix(r.id, "/share") {
			continue // derive knows
		}
		s := sample{Row: r.id, Peer: p.name, Variant: v.mark, Round: round, Seconds: seconds, Note: dropped}
		value := got[r.id]
		switch why := p.notApplicable(r.id); {
		case why != "":
			s.Failed, s.Note = why, ""
		case err != nil:
			s.Failed, s.Note = err.Error(), ""
		case math.IsNaN(value) || math.IsInf(value, 0):
			s.Failed = "nothing came through"
		default:
			s.Value = value
			said = append(said, fmt.Sprintf("%s %s", digits(s.Value), r.unit))
		}
		res.Samples = append(res.Samples, s)
	}
	if err != nil {
		said = append(said, err.Error())
	}
	if dropped != "" {
		said = append(said, "("+dropped+")")
	}
	return strings.Join(said, "  ")
}

// derive computes the rows that compare two others of the same round.
func (res *results) derive() {
	type key struct {
		row, peer, variant string
		round              int
	}
	single := map[key]float64{}
	var kept []sample
	for _, s := range res.Samples {
		if strings.HasSuffix(s.Row, "/share") {
			continue
		}
		kept = append(kept, s)
		single[key{s.Row, s.Peer, s.Variant, s.Round}] = s.Value
	}
	for _, s := range kept[:len(kept):len(kept)] {
		name, isRate := strings.CutSuffix(s.Row, "/rate")
		rest, isParallel := strings.CutPrefix(name, "parallel/")
		if !isRate || !isParallel {
			continue
		}
		way, _, _ := strings.Cut(rest, "/")
		one := single[key{"bulk/" + way + "/rate", s.Peer, s.Variant, s.Round}]
		s.Row = name + "/share"
		s.Note = ""
		if one > 0 && s.Failed == "" {
			s.Value = 100 * s.Value / one
			kept = append(kept, s)
		}
	}
	res.Samples = kept
}

// A cell is what a table says of a row and a peer.
type cell struct {
	spread
	seconds int
	mark    string // the variant whose numbers these are, if there are several
	failed  string // why there are none
	note    string
}

func (c cell) ok() bool { return c.n > 0 }

// cell finds the best variant's numbers.
func (res *results) cell(r row, p peer) cell {
	var best cell
	for _, v := range p.ways() {
		c := cell{mark: v.mark}
		var numbers []float64
		for _, s := range res.Samples {
			if s.Row != r.id || s.Peer != p.name || s.Variant != v.mark {
				continue
			}
			if s.Failed != "" {
				c.failed = s.Failed
				continue
			}
			if s.Note != "" {
				c.note = s.Note
			}
			numbers, c.seconds = append(numbers, s.Value), s.Seconds
		}
		c.spread = spreadOf(numbers)
		better := c.ok() && (!best.ok() || r.lower == (c.median < best.median) && c.median != best.median)
		if better || best.mark == "" && !best.ok() {
			best = c
		}
	}
	return best
}
