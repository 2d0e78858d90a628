package script

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// lastEvents is how much of the exchange a report shows.
const lastEvents = 20

// failure is what a line found wrong with what the stack sent.
type failure struct {
	reason string
	want   string    // the segment that was wanted, if one was
	got    *received // what the stack sent, if it sent something
}

func (f *failure) Error() string { return f.reason }

// seconds shows a time of the script with all that counts.
func seconds(d time.Duration) string { return fmt.Sprintf("%.6fs", d.Seconds()) }

// report says what went wrong: the script up to the line, what was wanted, what
// came, and what went before. Line 0 stands for the script's end.
func (p *Peer) report(text string, line int, err error) string {
	at := p.now()
	var f *failure
	if errors.As(err, &f) && f.got != nil {
		at = f.got.at
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, at %s: %s\n\n", p.cfg.Where(line), seconds(at), strings.ReplaceAll(err.Error(), "\n", "\n    "))
	writeScript(&b, text, line)
	if f != nil {
		f.write(p, &b)
	}
	p.writeHistory(&b)
	return b.String()
}

// writeScript shows the lines up to the one that failed.
func writeScript(b *strings.Builder, text string, line int) {
	lines := strings.Split(strings.TrimRight(text, " \t\n"), "\n")
	if line == 0 {
		line = len(lines)
	} else {
		lines = lines[:line]
	}
	for i, l := range lines {
		mark := "  "
		if i+1 == line {
			mark = "=>"
		}
		if i > 0 || strings.TrimSpace(l) != "" {
			fmt.Fprintf(b, "%s %3d  %s\n", mark, i+1, strings.TrimSpace(l))
		}
	}
	b.WriteByte('\n')
}

func (f *failure) write(p *Peer, b *strings.Builder) {
	if f.want != "" {
		fmt.Fprintf(b, "want  > %s\n", f.want)
	}
	switch {
	case f.got == nil:
		b.WriteString(" got  nothing\n\n")
		return
	case f.got.err != nil:
		fmt.Fprintf(b, " got  %s\n", describe(f.got.frame))
	default:
		fmt.Fprintf(b, " got  > %s\n", f.got.seg)
	}
	fmt.Fprintf(b, "%s\n", hex.Dump(p.dumped(f.got.frame)))
}

// dumpedBytes is what a report from outside shows of a frame: its headers, and the first of its data.
const dumpedBytes = 96

func (p *Peer) dumped(frame []byte) []byte {
	if p.cfg.Outside == nil {
		return frame
	}
	return frame[:min(len(frame), dumpedBytes)]
}

// writeHistory shows the end of the exchange, with what no line has looked at and
// what was still on the cable: often it explains the rest.
func (p *Peer) writeHistory(b *strings.Builder) {
	time.Sleep(p.ending())
	p.settle()
	for {
		a, ok := p.pop()
		if !ok {
			break
		}
		p.look(a)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(p.history, func(x, y event) int { return int(x.at - y.at) })
	last := p.history[max(0, len(p.history)-lastEvents):]
	fmt.Fprintf(b, "the exchange (its last %d of %d frames):\n", len(last), len(p.history))
	for _, e := range last {
		fmt.Fprintf(b, "%14s %s\n", seconds(e.at), e.text)
	}
}
