package pages

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The kinds of directives.
const (
	kindCode = "code"
	kindDiff = "diff"
	kindLab  = "lab"
	kindRun  = "run"
	kindGaps = "gaps"

	kindBytes   = "bytes"
	kindChanges = "changes"
	kindText    = "text"
	kindJourney = "journey"
	kindParts   = "parts"
)

// Kinds are all of them.
var Kinds = []string{kindCode, kindDiff, kindLab, kindRun, kindGaps, kindBytes, kindChanges, kindText, kindJourney, kindParts}

// fenceLanguage says what a kind's fenced block is marked with.
var fenceLanguage = map[string]string{
	kindCode: "go", kindDiff: "diff", kindLab: "console", kindRun: "console",
	kindBytes: "text", kindChanges: "text", kindText: "text", kindJourney: "console",
}

// What a lab block can show.
const (
	showStdout = "stdout" // what the command printed
	showTrace  = "trace"  // what the part printed
	showAll    = "all"    // the one, an empty line, the other
)

// A directive says what a block holds.
type directive struct {
	kind    string
	text    string   // as it stands there
	args    []string // all but lab and run: the words
	command string   // lab, run: the command line as it stands there
	env     []string // lab: NAME=VALUE, unquoted
	envText string   // and as it stands there
	show    string   // lab
	status  int      // lab, run: the status that the command must end with
	masks   []string // lab, run
}

// written shows how a directive is written, and how many words it takes.
var written = map[string]struct {
	words    string
	min, max int
}{
	kindCode:    {"FILE DECL [DECL …]", 2, maxWords},
	kindDiff:    {"PART PART [FILE …]", 2, maxWords},
	kindGaps:    {"PART", 1, 1},
	kindBytes:   {"CAPTURE FRAME [FROM:TO]", 2, 3},
	kindChanges: {"PART PART", 2, 2},
	kindText:    {"FILE", 1, 1},
	kindJourney: {"PART JOURNEY", 2, 2},
	kindParts:   {"", 0, 0},
}

// maxWords is more than anybody writes on a line.
const maxWords = 1000

// parseDirective reads the rest of a line after <!-- kind:
func parseDirective(kind, rest string) (directive, error) {
	d := directive{kind: kind, show: showStdout}
	if !slices.Contains(Kinds, kind) {
		return d, fmt.Errorf("there is no directive %q; there is %s (begin an ordinary comment in another way)", kind+":", strings.Join(Kinds, ", "))
	}
	text, ok := strings.CutSuffix(strings.TrimSpace(rest), "-->")
	if !ok {
		return d, fmt.Errorf("the directive must end with --> on the same line")
	}
	d.text = kind + ": " + strings.TrimSpace(text)
	if kind == kindLab || kind == kindRun {
		err := d.parseCommand(text)
		return d, err
	}
	d.args = strings.Fields(text)
	if is := written[kind]; len(d.args) < is.min || len(d.args) > is.max {
		return d, fmt.Errorf("write it like this: <!-- %s: %s -->", kind, is.words)
	}
	return d, nil
}

var (
	optionWord = regexp.MustCompile(`^([a-z]+)=(\S*)\s*`)
	envWord    = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=('[^']*'|"[^"]*"|\S*)\s*`)
)

// parseCommand takes the options out of text; the rest is the command. They stand at its front or, in a lab's, after the
// part, which takes no such words.
func (d *directive) parseCommand(text string) error {
	part := ""
	for text = strings.TrimSpace(text); text != ""; {
		if found := optionWord.FindStringSubmatch(text); found != nil {
			if err := d.setOption(found[1], found[2]); err != nil {
				return err
			}
			text = text[len(found[0]):]
			continue
		}
		if found := envWord.FindStringSubmatch(text); found != nil && d.kind == kindLab && part == "" {
			d.env = append(d.env, found[1]+"="+strings.Trim(found[2], `'"`))
			d.envText += strings.TrimSpace(found[0]) + " "
			text = text[len(found[0]):]
			continue
		}
		if d.kind == kindRun || part != "" {
			break
		}
		part, text, _ = strings.Cut(text, " ")
		text = strings.TrimSpace(text)
	}
	if d.command = strings.TrimSpace(part + " " + text); d.command == "" {
		return fmt.Errorf("a command must follow: <!-- %s: … -->", d.kind)
	}
	return nil
}

func (d *directive) setOption(name, value string) error {
	switch {
	case name == "mask":
		d.masks = strings.Split(value, ",")
		return knownMasks(d.masks)
	case name == "status":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 255 {
			return fmt.Errorf("status=%s: give a number from 0 to 255", value)
		}
		d.status = n
		return nil
	case name == "show" && d.kind == kindLab:
		if !slices.Contains([]string{showStdout, showTrace, showAll}, value) {
			return fmt.Errorf("show=%s: give stdout, trace or all", value)
		}
		d.show = value
		return nil
	}
	return fmt.Errorf("%s= is no option of %s:; there is mask=, status= and, for lab:, show=", name, d.kind)
}
