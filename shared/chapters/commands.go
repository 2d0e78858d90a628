package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// freeLanguages are those of the blocks that an author may write by hand: commands for the reader, plain text, pictures.
var freeLanguages = []string{"", "sh", "text", "mermaid"}

// checkFences returns what is wrong with the blocks that no directive owns.
func (p *page) checkFences(b *book) []problem {
	var problems []problem
	for _, f := range p.fences {
		if !slices.Contains(freeLanguages, f.language) {
			problems = append(problems, problem{p.name, f.line, fmt.Sprintf("nothing keeps this %s block true: put a directive on the line above it, or make it one of sh, text, mermaid", f.language)})
		}
		if f.language != "sh" {
			continue
		}
		for at := 0; at < len(f.body); at++ {
			first, text := at, f.body[at]
			for strings.HasSuffix(text, "\\") && at+1 < len(f.body) { // the command goes on
				at++
				text += "\n" + f.body[at]
			}
			if err := b.checkLine(text); err != nil {
				problems = append(problems, problem{p.name, f.line + 1 + first, err.Error()})
			}
		}
	}
	return problems
}

// checkLine checks the commands on a line that use this repository.
func (b *book) checkLine(line string) error {
	commands, err := splitCommands(line)
	if err != nil {
		return err
	}
	for _, words := range commands {
		for len(words) > 0 && (words[0] == "sudo" || envWord.MatchString(words[0])) {
			words = words[1:]
		}
		if len(words) < 2 {
			continue
		}
		if err := b.checkCommand(words[0], words[1:]); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
		}
	}
	return nil
}

func (b *book) checkCommand(name string, args []string) error {
	switch {
	case name == "go" && args[0] == "run":
		return b.checkGoRun(args[1:])
	case name == "go":
		return b.mustExist(packagesIn(args[1:]))
	case name == "diff":
		return b.mustExist(slices.DeleteFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "/") }))
	}
	return nil
}

// packagesIn returns the directories among the arguments of a go command.
func packagesIn(args []string) []string {
	var dirs []string
	for i, arg := range args {
		found := repoPath.FindStringSubmatch(arg)
		if found != nil && strings.HasPrefix(arg, "./") && (i == 0 || args[i-1] != "-o") {
			dirs = append(dirs, found[1])
		}
	}
	return dirs
}

// checkGoRun checks what follows "go run".
func (b *book) checkGoRun(args []string) error {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") { // such as -race
		args = args[1:]
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], "./") {
		return nil
	}
	program, args := strings.Trim(args[0], "./"), args[1:]
	if err := b.mustExist([]string{program}); err != nil {
		return err
	}
	switch {
	case program == "shared/lab":
		return b.checkLab(args)
	case strings.HasPrefix(program, "part"):
		return b.checkFlags(program, args)
	}
	return nil
}

// checkLab checks the lab's arguments.
func (b *book) checkLab(args []string) error {
	if len(args) == 0 || slices.Contains([]string{"demo", "-h", "--help", "help"}, args[0]) || strings.HasPrefix(args[0], "/") {
		return nil // no part is named, or one that the reader built somewhere
	}
	part := filepath.ToSlash(filepath.Clean(args[0]))
	if isNumber(args[0]) {
		dirs, _ := filepath.Glob(filepath.Join(b.root, "part"+args[0]+"-*")) // fails for a malformed pattern only
		if len(dirs) == 0 {
			return fmt.Errorf("there is no part %s", args[0])
		}
		part = filepath.Base(dirs[0])
	}
	if err := b.mustExist([]string{part}); err != nil {
		return err
	}
	flags := args[1:]
	if end := slices.Index(flags, "--"); end == len(flags)-1 && end >= 0 {
		return fmt.Errorf("a command must follow the --")
	} else if end >= 0 {
		flags = flags[:end]
	}
	return b.checkFlags(part, flags)
}

// mustExist returns an error for the first path that is not in the repository.
func (b *book) mustExist(paths []string) error {
	for _, path := range paths {
		if !exists(filepath.Join(b.root, path)) {
			return fmt.Errorf("there is no %s in the repository", path)
		}
	}
	return nil
}

// A flagSet says of each flag whether a value follows it.
type flagSet map[string]bool

// flagHelp matches a flag in the text that package flag prints for -h.
var flagHelp = regexp.MustCompile(`(?m)^  -([\w-]+)( \S[^\t\n]*)?(?:\t|$)`)

// checkFlags checks a part's arguments against its -h.
func (b *book) checkFlags(part string, args []string) error {
	if len(args) == 0 {
		return nil
	}
	known, err := b.flagsOf(part)
	if err != nil {
		return err
	}
	for at := 0; at < len(args); at++ {
		name, isFlag := strings.CutPrefix(args[at], "-")
		if !isFlag {
			return fmt.Errorf("%s is no flag; before a command for the lab stands a --", args[at])
		}
		name, _, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		takesValue, ok := known[name]
		switch {
		case !ok:
			return fmt.Errorf("%s has no flag -%s", part, name)
		case takesValue && !hasValue:
			if at++; at == len(args) {
				return fmt.Errorf("a value must follow -%s", name)
			}
		}
	}
	return nil
}

// flagsOf asks the part which flags it knows, once.
func (b *book) flagsOf(part string) (flagSet, error) {
	if known, ok := b.flags[part]; ok {
		return known, nil
	}
	out, err := b.help(part)
	if err != nil {
		return nil, err
	}
	known := flagSet{"h": false, "help": false}
	for _, found := range flagHelp.FindAllStringSubmatch(out.stdout+out.stderr, -1) {
		known[found[1]] = found[2] != ""
	}
	if len(known) == 2 {
		return nil, fmt.Errorf("go run ./%s -h lists no flags:\n%s%s", part, out.stdout, out.stderr)
	}
	b.flags[part] = known
	return known, nil
}
