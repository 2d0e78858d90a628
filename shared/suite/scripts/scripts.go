// Package scripts has the texts of the suite: what a stack has to do, segment by segment, in the notation of
// shared/script. shared/suite plays them against the parts in virtual time, shared/grade against any program.
package scripts

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The scripts are text files. A file begins with what it is about and for which parts it holds:
//
//	// Comments explain, and quote the RFC.
//	rfc: 9293 3.10.7.1
//	from: 3
//
//	-- a RST is discarded --
//	+0 < 8000>81 R 7:7(0)
//	+1 > nothing
//
// Behind "-- NAME --" comes a script in shared/script's notation. "== TITLE ==" begins a section, which may
// have comments and keys of its own, and so may a script, before its first line. The keys are
//
//	rfc: 9293 3.6.1       where it is written
//	from: 4               the first part for which it holds
//	until: 4              the last one, if a later part does better
//	try: TEXT             what a reader would try, and what happens there: the script shows what
//	here: TEXT            the parts up to "until" cannot do yet, and the chapters list these
//	stack: no-sack        the stack as -no-sack makes it
//	peer: no-arp          a peer that leaves questions for its MAC address unanswered
//	deadline: 300ms       what the calls dial have
//	service: echo         an echo server on port 80, instead of a listener that waits for accept
//	iss: -39..0 0x1234    our initial sequence numbers: the script is played with each of them,
//	peer-iss: -10         and each of the peer's; "iss+1" is the one behind ours
//	go: NAME              played by this function in Go, and there are no lines
//	outside: echo         shared/grade can play it from outside: this service (echo, discard, daytime, chargen) is on port
//	                      80, or any that is open (listen); "no" where not
//	again: REASON         it may send once more what it has sent, as in all parts up to 4
//	alone: REASON         from outside it cannot be played beside others
//
// "-- define NAME --" begins lines for others to begin with, "@NAME" has them come here. A word behind it
// stands for $1, $2 and so on in them. Those in common.txt are for all files. "@burst 1 5001" stands for
// the segments of 1000 bytes from 1 to 5001; with "push" the last of them has PSH.
//
//go:embed *.txt
var texts embed.FS

// common is the file with the definitions for all.
const common = "common.txt"

// A File is one file of scripts.
type File struct {
	Name    string // without .txt
	Scripts []*Script
	Comment string
	defines map[string]*define
}

// A Script is one script, and what is to be known of it.
type Script struct {
	Name    string
	Section string // the title above it, or ""
	RFC     string // "9293 3.10.7.1"
	From    int
	Until   int    // 0: it holds for all later parts
	Try     string // see the keys
	Here    string
	Comment string // of its file, its section and itself
	Keys    map[string]string

	file         *File
	line         int
	lines        []line
	own, section string // its comment alone, and that of its section
}

// A line knows where it stands.
type line struct {
	text string
	file string
	n    int
}

type define struct{ lines []line }

// Files returns all files, by name.
var Files = sync.OnceValues(func() ([]*File, error) {
	names, err := fs.Glob(texts, "*.txt")
	if err != nil {
		return nil, err
	}
	shared, err := commonFile()
	if err != nil {
		return nil, err
	}
	var files []*File
	for _, name := range names {
		if name == common {
			continue
		}
		f, err := readFile(name, shared.defines)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
})

var commonFile = sync.OnceValues(func() (*File, error) { return readFile(common, nil) })

func readFile(name string, shared map[string]*define) (*File, error) {
	text, err := texts.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parseFile(name, string(text), shared)
}

var (
	sectionLine = regexp.MustCompile(`^== (.+) ==$`)
	scriptLine  = regexp.MustCompile(`^-- (.+) --$`)
	keyLine     = regexp.MustCompile(`^([a-z-]+): +(.+)$`)
)

var knownKeys = []string{"rfc", "from", "until", "try", "here", "stack", "peer", "deadline", "service", "iss", "peer-iss", "go", "outside", "alone", "again"}

// reader is a file while it is read.
type reader struct {
	f       *File
	header  scope // the file's
	section scope
	title   string
	script  *Script
	def     *define
}

// scope is the comment and the keys of a file, a section or a script.
type scope struct {
	comment string
	keys    map[string]string
}

func parseFile(name, text string, shared map[string]*define) (*File, error) {
	r := &reader{f: &File{Name: strings.TrimSuffix(name, ".txt"), defines: make(map[string]*define)}}
	for k, d := range shared {
		r.f.defines[k] = d
	}
	for i, l := range strings.Split(text, "\n") {
		if err := r.read(line{strings.TrimSpace(l), name, i + 1}); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	r.f.Comment = r.header.comment
	for _, s := range r.f.Scripts {
		if err := s.finish(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, s.line, err)
		}
	}
	return r.f, nil
}

func (r *reader) read(l line) error {
	if m := sectionLine.FindStringSubmatch(l.text); m != nil {
		r.title, r.section, r.script, r.def = m[1], scope{}, nil, nil
		return nil
	}
	if m := scriptLine.FindStringSubmatch(l.text); m != nil {
		return r.begin(m[1], l)
	}
	switch {
	case l.text == "":
		return nil
	case r.def != nil && len(r.def.lines) == 0 && strings.HasPrefix(l.text, "//"):
		return nil // what it is
	case r.def != nil:
		r.def.lines = append(r.def.lines, l)
		return nil
	case r.script != nil && len(r.script.lines) > 0:
		r.script.lines = append(r.script.lines, l)
		return nil
	case strings.HasPrefix(l.text, "//"):
		comment := strings.TrimSpace(strings.TrimPrefix(l.text, "//")) + "\n"
		switch {
		case r.script != nil:
			r.script.Comment += comment
			r.script.own += comment
		case r.title != "":
			r.section.comment += comment
		default:
			r.header.comment += comment
		}
		return nil
	}
	if m := keyLine.FindStringSubmatch(l.text); m != nil {
		return r.key(m[1], m[2])
	}
	if r.script == nil {
		return fmt.Errorf("%q stands before the first script", l.text)
	}
	r.script.lines = append(r.script.lines, l)
	return nil
}

// begin begins a script or a definition.
func (r *reader) begin(name string, l line) error {
	r.script, r.def = nil, nil
	if what, ok := strings.CutPrefix(name, "define "); ok {
		r.def = &define{}
		r.f.defines[what] = r.def
		return nil
	}
	for _, s := range r.f.Scripts {
		if s.Name == name {
			return fmt.Errorf("there is another script named %q", name)
		}
	}
	r.script = &Script{Name: name, Section: r.title, file: r.f, line: l.n, Keys: make(map[string]string)}
	r.script.Comment = r.header.comment + r.section.comment
	r.script.section = r.section.comment
	for _, from := range []scope{r.header, r.section} {
		for k, v := range from.keys {
			r.script.Keys[k] = v
		}
	}
	r.f.Scripts = append(r.f.Scripts, r.script)
	return nil
}

func (r *reader) key(key, value string) error {
	if !slices.Contains(knownKeys, key) {
		return fmt.Errorf("there is no key %q", key)
	}
	if r.script != nil {
		r.script.Keys[key] = value
		return nil
	}
	where := &r.header
	if r.title != "" {
		where = &r.section
	}
	if where.keys == nil {
		where.keys = make(map[string]string)
	}
	where.keys[key] = value
	return nil
}

// finish takes from the keys what is for all to see, and puts the definitions in.
func (s *Script) finish() (err error) {
	s.RFC, s.Try, s.Here = s.Keys["rfc"], s.Keys["try"], s.Keys["here"]
	if s.From, err = strconv.Atoi(s.Keys["from"]); err != nil {
		return errors.New(`"from" has to say which part is the first`)
	}
	if until := s.Keys["until"]; until != "" {
		if s.Until, err = strconv.Atoi(until); err != nil {
			return err
		}
	}
	if (len(s.lines) == 0) != (s.Keys["go"] != "") {
		return fmt.Errorf("%q needs either lines or a function", s.Name)
	}
	s.lines, err = s.file.expand(s.lines, nil, 0)
	return err
}

// Fits reports whether a script holds for a part.
func (s *Script) Fits(part int) bool { return s.From <= part && (s.Until == 0 || part <= s.Until) }

// Gaps returns the scripts that show what a part cannot do yet, in their order: Try says what a reader would try,
// Here what happens.
func Gaps(part int) (gaps []*Script, err error) {
	files, err := Files()
	for _, f := range files {
		for _, s := range f.Scripts {
			if s.Try != "" && s.Fits(part) {
				gaps = append(gaps, s)
			}
		}
	}
	return gaps, err
}

// expand puts in what the lines that begin with @ stand for.
func (f *File) expand(lines []line, args []string, depth int) (out []line, err error) {
	if depth > 10 {
		return nil, errors.New("a definition needs itself")
	}
	for _, l := range lines {
		for i := len(args); i > 0; i-- {
			l.text = strings.ReplaceAll(l.text, "$"+strconv.Itoa(i), args[i-1])
		}
		call, ok := strings.CutPrefix(l.text, "@")
		if !ok {
			out = append(out, l)
			continue
		}
		words := splitWords(call)
		var body []line
		switch d := f.defines[words[0]]; {
		case words[0] == "burst":
			if body, err = burst(l, words[1:]); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", l.file, l.n, err)
			}
		case d == nil:
			return nil, fmt.Errorf("%s:%d: there is no definition of %q", l.file, l.n, words[0])
		default:
			if body, err = f.expand(d.lines, words[1:], depth+1); err != nil {
				return nil, err
			}
		}
		out = append(out, body...)
	}
	return out, nil
}

// splitWords splits at blanks, but not inside of <…>.
func splitWords(text string) (words []string) {
	begin, deep := -1, 0
	for i, c := range text + " " {
		switch {
		case c == '<':
			deep++
		case c == '>':
			deep--
		}
		switch {
		case c == ' ' && deep == 0 && begin >= 0:
			words, begin = append(words, text[begin:i]), -1
		case c != ' ' && begin < 0:
			begin = i
		}
	}
	return words
}

// burst are lines that want segments of 1000 bytes from a place of the stream up to another.
func burst(at line, args []string) (lines []line, err error) {
	if len(args) < 2 {
		return nil, errors.New("@burst FROM TO [push]")
	}
	from, err := strconv.Atoi(args[0])
	to, err2 := strconv.Atoi(args[1])
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	for ; from < to; from += 1000 {
		flags := "."
		if from+1000 == to && len(args) > 2 {
			flags = "P."
		}
		at.text = fmt.Sprintf("+0~+.02 > %s %d:%d(1000) ack 1", flags, from, from+1000)
		lines = append(lines, at)
	}
	return lines, nil
}

// Text is the script with all definitions put in.
func (s *Script) Text() string {
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

var dayLen = regexp.MustCompile(`\bD(\+\d+)?\b`)

// TextFor is the text for a service daytime whose line has a certain length, which the script calls D.
func (s *Script) TextFor(day int) string {
	return dayLen.ReplaceAllStringFunc(s.Text(), func(d string) string {
		more, _ := strconv.Atoi(strings.TrimPrefix(d[1:], "+")) // 0 if there is no more
		return strconv.Itoa(day + more)
	})
}

// Where says where a line of the text comes from.
func (s *Script) Where(n int) string {
	l := line{file: s.file.Name + ".txt", n: s.line}
	if 0 < n && n <= len(s.lines) {
		l = s.lines[n-1]
	}
	return fmt.Sprintf("shared/suite/scripts/%s:%d", l.file, l.n)
}

// Says is what the script itself, or else its section, or else its file, says: often it is the RFC's own sentence.
func (s *Script) Says() string {
	for _, text := range []string{s.own, s.section, s.file.Comment} {
		if text != "" {
			return text
		}
	}
	return ""
}

// About is what the script is about: often it is the RFC's own sentence.
func (s *Script) About() string {
	text := s.Comment
	if s.Section != "" {
		text = s.Section + "\n" + text
	}
	if s.RFC != "" {
		text = "RFC " + s.RFC + ": " + text
	}
	return text
}

// Expand puts the definitions of common.txt into lines that stand elsewhere.
func Expand(text string) (string, error) {
	shared, err := commonFile()
	if err != nil {
		return "", err
	}
	var lines []line
	for i, l := range strings.Split(text, "\n") {
		lines = append(lines, line{strings.TrimSpace(l), "the test", i + 1})
	}
	if lines, err = shared.expand(lines, nil, 0); err != nil {
		return "", err
	}
	return (&Script{lines: lines}).Text(), nil
}

// List are the numbers of a key, modulo 2^32; "-39..0" are forty. nil is for none in particular.
func List(text string) (all []*uint32, err error) {
	for _, word := range strings.Fields(text) {
		first, last, ok := strings.Cut(word, "..")
		if !ok {
			last = first
		}
		from, err := strconv.ParseInt(first, 0, 64)
		to, err2 := strconv.ParseInt(last, 0, 64)
		if err = errors.Join(err, err2); err != nil {
			return nil, err
		}
		for ; from <= to; from++ {
			n := uint32(from)
			all = append(all, &n)
		}
	}
	if all == nil {
		all = append(all, nil)
	}
	return all, nil
}
