package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

const labCommand = "go run ./shared/lab "

// An outcome is what a command came to.
type outcome struct {
	stdout, stderr string
	status         int
}

// labTranscript runs the lab and returns what a reader would see of it.
func (b *book) labTranscript(d directive) (string, error) {
	out, err := b.runLab(d)
	if err != nil {
		return "", err
	}
	if err := checkStatus(d, out); err != nil {
		return "", err
	}
	var shown string
	switch trace := partLines(out.stderr); d.show {
	case showStdout:
		shown = out.stdout
	case showTrace:
		shown = trace
	case showAll:
		shown = strings.TrimLeft(strings.TrimRight(out.stdout, "\n")+"\n\n", "\n") + trace
	}
	return transcript(d, d.envText+labCommand+d.command, shown)
}

// runLab runs the lab once for each command line.
func (b *book) runLab(d directive) (outcome, error) {
	line := d.envText + d.command
	if out, ok := b.labRuns[line]; ok {
		return out, nil
	}
	words, err := splitShell(d.command)
	if err != nil {
		return outcome{}, err
	}
	var args []string
	for _, w := range words {
		if w.operator || w.expands {
			return outcome{}, fmt.Errorf("a reader's shell would not leave %s as it is; put it between single quotes, or use sh -c '…'", d.command[w.start:w.end])
		}
		args = append(args, w.text)
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
	return transcript(d, d.command, out.stdout)
}

// journey returns the functions that a packet passes, as go run ./shared/journey finds them.
func (b *book) journey(d directive) (string, error) {
	number := partNumber.FindStringSubmatch(d.args[0])
	if number == nil || !exists(filepath.Join(b.root, d.args[0])) {
		return "", fmt.Errorf("there is no part %s; name the directory of a part", d.args[0])
	}
	d.command = "go run ./shared/journey " + number[1] + " " + d.args[1]
	return b.runTranscript(d)
}

// partNumber matches the directory of a part.
var partNumber = regexp.MustCompile(`^part([0-9]+)-[\w-]+$`)

// checkStatus keeps a failure, such as a tool that is not installed, from becoming a transcript.
func checkStatus(d directive, out outcome) error {
	if out.status == d.status {
		return nil
	}
	return fmt.Errorf("<!-- %s -->\nended with status %d; repair that, or write status=%d if it is meant\n%s%s", d.text, out.status, out.status, out.stdout, out.stderr)
}

// spaceAtEnd matches what no reader sees and many an editor takes away.
var spaceAtEnd = regexp.MustCompile(`(?m)[ \t\r]+$`)

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
