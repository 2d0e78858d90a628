package pages

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"framebyframe/shared/book/parts"
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
		commands, err := splitCommands(strings.Join(f.body, "\n"))
		if err != nil {
			problems = append(problems, problem{p.name, f.line, err.Error()})
		}
		for _, c := range commands {
			if err := b.checkCommand(c.words); err != nil {
				problems = append(problems, problem{p.name, f.line + c.line, fmt.Sprintf("%s: %v", strings.Join(c.words, " "), err)})
			}
		}
	}
	return problems
}

// A shellCommand is a command in a text for the shell.
type shellCommand struct {
	words []string
	line  int // where it begins; the first one is 1
}

// splitCommands returns the commands in a text, without what the shell would put into them.
func splitCommands(text string) (all []shellCommand, err error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		c := shellCommand{line: int(call.Pos().Line())}
		for _, word := range call.Args {
			fields, _ := expand.Fields(nil, word) // what it cannot expand is nobody's name
			c.words = append(c.words, fields...)
		}
		all = append(all, c)
		return true
	})
	return all, nil
}

// wordsOf returns the words of a single command, which a reader's shell must leave as they are.
func wordsOf(command string) (words []string, err error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(command), "")
	if err != nil {
		return nil, err
	}
	changed := func(node syntax.Node) error {
		from, to := node.Pos().Offset(), node.End().Offset()
		return fmt.Errorf("a reader's shell would not leave %s as it is; put it between single quotes, or use sh -c '…'", command[from:to])
	}
	if len(file.Stmts) != 1 {
		return nil, errors.New("write one command")
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(file.Stmts[0].Redirs) > 0 || file.Stmts[0].Background || len(call.Assigns) > 0 {
		return nil, changed(file.Stmts[0])
	}
	for _, word := range call.Args {
		for _, part := range word.Parts {
			lit, isLit := part.(*syntax.Lit)
			quoted, isQuoted := part.(*syntax.DblQuoted)
			_, isSingle := part.(*syntax.SglQuoted)
			if isLit && strings.ContainsAny(lit.Value, "*?[~") || !isLit && !isQuoted && !isSingle {
				return nil, changed(word)
			}
			for i := 0; isQuoted && i < len(quoted.Parts); i++ {
				if _, ok := quoted.Parts[i].(*syntax.Lit); !ok {
					return nil, changed(word)
				}
			}
		}
	}
	return expand.Fields(nil, call.Args...)
}

// checkCommand checks a command if it uses this repository.
func (b *book) checkCommand(words []string) error {
	for len(words) > 0 && (words[0] == "sudo" || envWord.MatchString(words[0])) {
		words = words[1:]
	}
	if len(words) < 2 {
		return nil
	}
	name, args := words[0], words[1:]
	switch {
	case name == "go" && args[0] == "run":
		return b.checkGoRun(args[1:])
	case name == "go":
		dirs := packagesIn(args[1:])
		if err := b.mustExist(dirs); err != nil || args[0] != "test" {
			return err
		}
		return b.mustHaveTest(dirs, args[1:])
	case name == "diff":
		return b.mustExist(slices.DeleteFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "-") || !repoPath.MatchString(arg) }))
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

// mustHaveTest returns an error if the directories have no test that -run would find: it may stand in an earlier part.
func (b *book) mustHaveTest(dirs, args []string) error {
	at := slices.Index(args, "-run")
	if at < 0 || at+1 == len(args) || len(dirs) == 0 {
		return nil
	}
	first, _, _ := strings.Cut(args[at+1], "/")
	pattern, err := regexp.Compile(first)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		for _, below := range []string{"*_test.go", "*/*_test.go"} {
			files, _ := filepath.Glob(b.tree.Path(dir + "/" + below)) // fails for a malformed pattern only
			for _, file := range files {
				src, err := parts.Parse(file)
				if err != nil {
					return err
				}
				for _, f := range src.Tests() {
					if pattern.MatchString(f.Name.Name) {
						return nil
					}
				}
			}
		}
	}
	return fmt.Errorf("no test there is named so; where it stands in an earlier part, write go run ./shared/book rerun PART -run …")
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
	if len(args) == 0 || strings.HasPrefix(args[0], "/") || !parts.Exists(b.tree.Path(args[0])) && strings.Trim(args[0], "0123456789") == args[0] && !strings.HasPrefix(args[0], "part") {
		return nil // no part is named, or one that the reader built somewhere
	}
	part, err := b.tree.Find(args[0])
	if err != nil {
		return err
	}
	flags := args[1:]
	if end := slices.Index(flags, "--"); end == len(flags)-1 && end >= 0 {
		return fmt.Errorf("a command must follow the --")
	} else if end >= 0 {
		flags = flags[:end]
	}
	return b.checkFlags(part.Name, flags)
}

// mustExist returns an error for the first path that is not in the repository.
func (b *book) mustExist(paths []string) error {
	for _, path := range paths {
		if !parts.Exists(b.tree.Path(path)) {
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
	for _, found := range flagHelp.FindAllStringSubmatch(out.Stdout+out.Stderr, -1) {
		known[found[1]] = found[2] != ""
	}
	if len(known) == 2 {
		return nil, fmt.Errorf("go run ./%s -h lists no flags:\n%s%s", part, out.Stdout, out.Stderr)
	}
	b.flags[part] = known
	return known, nil
}
