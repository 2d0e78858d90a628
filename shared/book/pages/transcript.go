package pages

import (
	"fmt"
	"regexp"
	"strings"

	"framebyframe/shared/book/parts"
)

const labCommand = "go run ./shared/lab "

// labTranscript runs the lab and returns what a reader would see of it.
func (b *book) labTranscript(d directive) (string, error) {
	out, err := b.labOnce(d)
	if err != nil {
		return "", err
	}
	if err := checkStatus(d, out); err != nil {
		return "", err
	}
	var shown string
	switch trace := partLines(out.Stderr); d.show {
	case showStdout:
		shown = out.Stdout
	case showTrace:
		shown = trace
	case showAll:
		shown = strings.TrimLeft(strings.TrimRight(out.Stdout, "\n")+"\n\n", "\n") + trace
	}
	return transcript(d, d.envText+labCommand+d.command, shown)
}

// labOnce runs the lab once for each command line.
func (b *book) labOnce(d directive) (parts.Outcome, error) {
	line := d.envText + d.command
	if out, ok := b.labRuns[line]; ok {
		return out, nil
	}
	args, err := wordsOf(d.command)
	if err != nil {
		return parts.Outcome{}, err
	}
	out, err := b.lab(args, d.env)
	if err == nil {
		b.labRuns[line] = out
	}
	return out, err
}

// runTranscript runs any other command and returns its output.
func (b *book) runTranscript(d directive) (string, error) {
	out, err := b.shell(d.command)
	if err != nil {
		return "", err
	}
	if err := checkStatus(d, out); err != nil {
		return "", err
	}
	return transcript(d, d.command, out.Stdout)
}

// checkStatus keeps a failure, such as a tool that is not installed, from becoming a transcript.
func checkStatus(d directive, out parts.Outcome) error {
	if out.Status == d.status {
		return nil
	}
	return fmt.Errorf("<!-- %s -->\nended with status %d; repair that, or write status=%d if it is meant\n%s%s", d.text, out.Status, out.Status, out.Stdout, out.Stderr)
}

// transcript puts the command line above its output, masked.
func transcript(d directive, line, output string) (string, error) {
	output, err := applyMasks(d.masks, spaceAtEnd.ReplaceAllString(output, ""))
	return "$ " + line + "\n" + output, err
}

// partLine matches the lines that a part prints. They share the lab's stderr with those of the command and of the lab.
var partLine = regexp.MustCompile(`(?m)^(ready: |waiting until |\d\d:\d\d:\d\d\.\d{6} | {5}\d+ |\(\d+ trace lines |part\d+-[a-z0-9-]+: ).*\n`)

// partLines returns the lines of the part in what the lab wrote on stderr.
func partLines(stderr string) string {
	return strings.Join(partLine.FindAllString(stderr, -1), "")
}
