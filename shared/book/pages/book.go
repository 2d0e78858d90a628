package pages

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"framebyframe/shared/book/parts"
)

// A book makes what the pages' blocks should hold. What it runs to that end is in function variables, for the tests.
type book struct {
	ctx  context.Context
	tree *parts.Tree
	// lab runs the lab with arguments and extra environment, shell a shell command line, help the part in a directory
	// with -h.
	lab   func(args, env []string) (parts.Outcome, error)
	shell func(command string) (parts.Outcome, error)
	help  func(part string) (parts.Outcome, error)
	dir   string // holds the built lab; "" until it is needed

	labRuns map[string]parts.Outcome // by command line: two blocks that show two sides of one run must be of one run
	flags   map[string]flagSet       // by part
	names   *names                   // of the code; nil until they are needed
}

func newBook(ctx context.Context, t *parts.Tree) *book {
	b := &book{ctx: ctx, tree: t, labRuns: map[string]parts.Outcome{}, flags: map[string]flagSet{}}
	b.lab = b.runLab
	b.shell = func(command string) (parts.Outcome, error) { return b.run(nil, "sh", "-c", command) }
	b.help = func(part string) (parts.Outcome, error) { return b.run(nil, "go", "run", "./"+part, "-h") }
	return b
}

// runLimit is for one run: a lab with a command that waits for ever must not stop the check.
const runLimit = 2 * time.Minute

func (b *book) run(env []string, args ...string) (parts.Outcome, error) {
	return parts.Run(b.ctx, parts.Command{Dir: b.tree.Root, Env: env, Limit: runLimit, Args: args})
}

// runLab runs the lab, which it builds the first time.
func (b *book) runLab(args, env []string) (out parts.Outcome, err error) {
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "book"); err != nil {
			return out, err
		}
	}
	program := filepath.Join(b.dir, "lab")
	if !parts.Exists(program) {
		out, err := b.run(nil, "go", "build", "-buildvcs=false", "-o", program, "./shared/lab")
		if err == nil && out.Status != 0 {
			err = fmt.Errorf("the lab does not build:\n%s", out.Stderr)
		}
		if err != nil {
			return out, err
		}
	}
	return b.run(env, append([]string{program}, args...)...)
}

// close removes what was built.
func (b *book) close() {
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}

// fill makes a page's blocks anew and writes the page if anything changed. It returns the blocks that cannot be made.
func (b *book) fill(p *page, only []string, stdout io.Writer) ([]problem, error) {
	var problems []problem
	changed := 0
	lines := p.lines
	for _, block := range slices.Backward(p.blocks) { // from the end, so that the places of the others stay
		if !slices.Contains(only, block.kind) {
			continue
		}
		want, err := b.make(block, p.owned(block))
		if err != nil {
			problems = append(problems, problem{p.name, block.line, err.Error()})
			continue
		}
		if !slices.Equal(want, p.owned(block)) {
			lines = slices.Concat(lines[:block.first], want, lines[block.last:])
			changed++
		}
	}
	if changed == 0 {
		return problems, nil
	}
	if err := p.write(strings.Join(lines, "\n")); err != nil {
		return problems, err
	}
	_, err := fmt.Fprintf(stdout, "%s: filled %d of %d blocks anew\n", p.name, changed, len(p.blocks))
	return problems, err
}

// check returns all that is wrong with a page beyond its form.
func (b *book) check(p *page, only []string) []problem {
	var problems []problem
	for _, block := range p.blocks {
		if !slices.Contains(only, block.kind) {
			continue
		}
		if text := b.stale(block, p.owned(block)); text != "" {
			problems = append(problems, problem{p.name, block.line, text})
		}
	}
	problems = append(problems, p.checkFences(b)...)
	problems = append(problems, p.checkNames(b)...)
	return append(problems, p.checkPaths()...)
}

// stale says what is wrong with a block that holds these lines; "" if nothing is.
func (b *book) stale(block block, have []string) string {
	want, err := b.make(block, have)
	switch {
	case err != nil:
		return err.Error()
	case slices.Equal(want, have):
		return ""
	}
	diff, err := parts.DiffLines(have, want)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("stale: <!-- %s -->\n%s", block.text, diff)
}

// owned returns the lines that a block has now.
func (p *page) owned(b block) []string { return p.lines[b.first:b.last] }

// make returns the lines that a block should own, fence included. What it has now matters where an author writes it.
func (b *book) make(d block, have []string) ([]string, error) {
	if d.kind == kindBytes && len(have) > 0 {
		return have, b.checkBytes(d, have[1:max(1, len(have)-1)])
	}
	if ownsToEnd(d.kind) {
		table, err := b.toEnd(d.directive)
		if err != nil {
			return nil, err
		}
		// Not every renderer ends the comment without the empty lines.
		return prefixed(d.prefix, slices.Concat([]string{""}, table, []string{"", "<!-- end -->"})), nil
	}
	text, err := b.content(d.directive)
	if err != nil {
		return nil, err
	}
	ticks := "```"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	text = strings.TrimRight(text, "\n")
	body := strings.Split(text, "\n")
	return prefixed(d.prefix, slices.Concat([]string{ticks + fenceLanguage[d.kind]}, body, []string{ticks})), nil
}

// content returns what stands in a fenced block.
func (b *book) content(d directive) (string, error) {
	switch d.kind {
	case kindCode:
		return b.code(d.args[0], d.args[1:])
	case kindDiff:
		return b.diff(d.args[0], d.args[1], d.args[2:])
	case kindLab:
		return b.labTranscript(d)
	case kindBytes:
		return b.hexOf(d)
	case kindChanges:
		return b.changes(d.args[0], d.args[1])
	case kindText:
		return b.text(d.args[0])
	case kindJourney:
		return b.journey(d)
	}
	return b.runTranscript(d)
}

// toEnd returns what a block holds that goes up to <!-- end -->.
func (b *book) toEnd(d directive) ([]string, error) {
	if d.kind == kindParts {
		return b.partLists()
	}
	return b.gapTable(d.args[0])
}

// prefixed puts prefix in front of each line, but leaves no space at the end of an empty one.
func prefixed(prefix string, lines []string) []string {
	if prefix == "" {
		return lines
	}
	for i, line := range lines {
		if lines[i] = prefix + line; line == "" {
			lines[i] = strings.TrimRight(prefix, " \t")
		}
	}
	return lines
}

// write replaces the page's file, at once and only if nobody else wrote it since it was read: a lab takes its time, and
// the author may have gone on.
func (p *page) write(text string) error {
	now, err := os.ReadFile(p.file)
	if err != nil {
		return err
	}
	if string(now) != p.text {
		return fmt.Errorf("%s was changed while its blocks were made; nothing is written, run it again", p.name)
	}
	info, err := os.Stat(p.file)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(p.file), ".book-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // it is gone already if all went well
	_, err = temp.WriteString(text)
	if cerr := temp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(temp.Name(), info.Mode().Perm())
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), p.file)
}
