//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// gradesPage is what -grades writes.
const gradesPage = root + "/docs/grades.md"

// A graded stack is one that shared/grade is let loose on.
type graded struct {
	name, title string
	flags       []string // of grade
	command     []string // the program and its flags; $OUT is its directory
	note        string
}

var gradedStacks = []graded{
	{name: "part1", title: "part 1", flags: []string{"-part", "1"}, command: []string{"$OUT/part1", "-q", "-tap", "fd:3"}},
	{name: "part2", title: "part 2", flags: []string{"-part", "2"}, command: []string{"$OUT/part2", "-q", "-tap", "fd:3"}},
	{name: "part3", title: "part 3", flags: []string{"-part", "3"}, command: []string{"$OUT/part3", "-q", "-tap", "fd:3"}},
	{name: "part4", title: "part 4", flags: []string{"-part", "4"}, command: []string{"$OUT/part4", "-q", "-tap", "fd:3"}},
	{name: part5, title: "part 5", command: []string{"$OUT/part5", "-q", "-tap", "fd:3"}},
	{
		name: "linux", title: "Linux", flags: []string{"-tap", "tap0"}, command: []string{"$OUT/linux", "-tap", "tap0", "-q"},
		note: "The kernel of the machine, in a network of its own, with the settings that a new one has: rp_filter, which looks at where datagrams come " +
			"from, is off.",
	},
	{
		name: "gvisor", title: "gVisor netstack", flags: []string{"-tap", "tap0"},
		command: []string{"$OUT/gvisor", "-tap", "tap0", "-q", "-delay", "1us"},
		note: "It is on the bench's own link endpoint (`-delay 1us`). gVisor's for file descriptors, `fdbased`, stops reading after the first " +
			"frame that is for another card, and then nothing more of it can be graded.",
	},
	{
		name: "lwip", title: "lwIP", flags: []string{"-tap", "tap0"}, command: []string{"$OUT/lwip", "-tap", "tap0", "-q"},
		note: "It has neither timestamps nor path MTU discovery, and of SACK only the receiver's half: all three are options. As a driver it has the bench's, " +
			"which takes every frame of the TAP device.",
	},
}

// A gradeReport is what grade -json prints, as far as the page has it.
type gradeReport struct {
	Broken   string
	Ended    []string
	Seconds  float64
	Chapters []struct {
		Number, Passed, All, Inner, Long int
		Title                            string
		Results                          []gradeResult
	}
}

type gradeResult struct {
	File, Name, RFC, Why string
	Passed               bool
}

// gradeAll grades all stacks, and writes the page.
func gradeAll() error {
	dir, err := os.MkdirTemp("", "grades")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	buildPeers(peers, dir)
	for n, name := range []string{"part1-ethernet-arp", "part2-ipv4-icmp", "part3-tcp-handshake", "part4-tcp-data"} {
		if err := goBuild(filepath.Join(dir, fmt.Sprintf("part%d", n+1)), "./"+name); err != nil {
			return err
		}
	}
	grader := filepath.Join(dir, "grade")
	if err := goBuild(grader, "./shared/grade"); err != nil {
		return err
	}
	reports := make(map[string]*gradeReport)
	for _, s := range gradedStacks {
		say("grading %s", s.title)
		if reports[s.name], err = s.grade(grader, dir); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	return os.WriteFile(gradesPage, []byte(gradesText(reports)), 0o644)
}

func goBuild(out, pkg string) error {
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", out, pkg)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, said)
	}
	return nil
}

// grade grades one stack. That something fails is no error.
func (s graded) grade(grader, dir string) (*gradeReport, error) {
	if why, err := os.ReadFile(filepath.Join(dir, s.name+".why")); err == nil {
		return nil, fmt.Errorf("%s", why)
	}
	args := append(append([]string{"-json"}, s.flags...), "--")
	for _, word := range s.command {
		args = append(args, strings.ReplaceAll(word, "$OUT", dir))
	}
	cmd := exec.Command(grader, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	r := &gradeReport{}
	if jerr := json.Unmarshal(out, r); jerr != nil {
		return nil, fmt.Errorf("grade says nothing that can be read (%w): %w", err, jerr)
	}
	return r, nil
}

const gradesHead = `# Grades

<!-- written by: go -C shared/bench run . -grades -->

What ` + "`shared/grade`" + ` says of the five parts, and of stacks that are widely used: of how many things that it plays from outside,
chapter by chapter, each passes. All have the same four services. [your-own.md](your-own.md) tells what is asked, and how to
have a stack of your own graded. A part is graded up to its own chapter.

`

// gradesText is the page.
func gradesText(reports map[string]*gradeReport) string {
	var b strings.Builder
	b.WriteString(gradesHead + "| |")
	full := reports[part5]
	for _, c := range full.Chapters {
		fmt.Fprintf(&b, " %d %s |", c.Number, c.Title)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(full.Chapters)) + "\n")
	for _, s := range gradedStacks {
		fmt.Fprintf(&b, "| %s |", s.title)
		r := reports[s.name]
		for i := range full.Chapters {
			if i < len(r.Chapters) {
				fmt.Fprintf(&b, " %d of %d |", r.Chapters[i].Passed, r.Chapters[i].All)
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	inner, long := 0, 0
	for _, c := range full.Chapters {
		inner, long = inner+c.Inner, long+c.Long
	}
	fmt.Fprintf(&b, "\n%d scripts of the suite need to see more of a stack than its frames, and are left out; so are %d that take longer than a minute.\n", inner, long)
	for _, s := range gradedStacks {
		s.writeFailures(&b, reports[s.name])
	}
	return b.String()
}

// writeFailures names what a stack does not pass.
func (s graded) writeFailures(b *strings.Builder, r *gradeReport) {
	var rows []string
	for _, c := range r.Chapters {
		for _, res := range c.Results {
			if !res.Passed {
				rows = append(rows, fmt.Sprintf("| %d | %s: %s | %s | %s |", c.Number, res.File, res.Name, res.RFC, shortly(res.Why)))
			}
		}
	}
	if len(rows) == 0 && s.note == "" && r.Broken == "" && r.Ended == nil {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", s.title)
	if s.note != "" {
		b.WriteString(s.note + "\n\n")
	}
	if r.Broken != "" {
		fmt.Fprintf(b, "It was over early: %s\n\n", r.Broken)
	}
	if r.Ended != nil {
		fmt.Fprintf(b, "The program ended or hung %d times, and was started anew.\n\n", len(r.Ended))
	}
	if len(rows) > 0 {
		b.WriteString("| chapter | what | RFC | and it |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n")
	}
}

var (
	sentInstead  = regexp.MustCompile(`(?m)^ got +> (.*?)( win \d+.*)?$`)
	placeAndTime = regexp.MustCompile(`^shared/\S+?:\d+, at [0-9.]+s: `)
	times        = regexp.MustCompile(`( by| up to|,)? ?\d+\.\d+(s|ms)( late)?`)
)

// shortly is the first line of a reason, without what is another one each time.
func shortly(why string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(why), "\n")
	line, _, _ = strings.Cut(placeAndTime.ReplaceAllString(line, ""), "; the next segment")
	line = times.ReplaceAllString(line, "")
	if sent := sentInstead.FindStringSubmatch(why); sent != nil {
		line += ": `" + sent[1] + "`"
	}
	return strings.NewReplacer("|", "\\|", "options are <", "options are `<", ">, without", ">`, without", "> it should", ">` it should").Replace(strings.TrimSpace(line))
}
