package parts

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ScriptDir is where the scripts are that all parts are tested with.
const ScriptDir = "shared/suite/scripts"

// A Script is one script of the suite, as far as the pages want to know it.
type Script struct {
	File string            // without directory and .txt
	Name string            // what stands in "-- NAME --"
	Keys map[string]string // from, until, try, here and so on; shared/suite/scripts/scripts.go explains them
}

var (
	sectionLine = regexp.MustCompile(`^== .+ ==$`)
	scriptLine  = regexp.MustCompile(`^-- (.+) --$`)
	keyLine     = regexp.MustCompile(`^([a-z-]+): +(.+)$`)
)

// Scripts returns the suite's scripts, in the order of the files' names.
func (t *Tree) Scripts() (all []Script, err error) {
	files, _ := filepath.Glob(t.Path(ScriptDir + "/*.txt")) // fails for a malformed pattern only
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, scriptsOf(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))...)
	}
	return all, nil
}

// scriptsOf reads a file. A script has the keys of its file and of its section, too.
func scriptsOf(file, text string) (all []Script) {
	keys := map[string]string{} // those that are being filled
	ofFile := keys
	ofSection := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		if sectionLine.MatchString(line) {
			ofSection = map[string]string{}
			keys = ofSection
			continue
		}
		if m := scriptLine.FindStringSubmatch(line); m != nil {
			keys = map[string]string{} // a definition's are nobody's
			if !strings.HasPrefix(m[1], "define ") {
				maps.Copy(keys, ofFile)
				maps.Copy(keys, ofSection)
				all = append(all, Script{file, m[1], keys})
			}
			continue
		}
		if m := keyLine.FindStringSubmatch(line); m != nil {
			keys[m[1]] = m[2]
		}
	}
	return all
}

// Fits reports whether a script holds for a part.
func (s Script) Fits(p Part) bool {
	from, _ := strconv.Atoi(s.Keys["from"])
	until, err := strconv.Atoi(s.Keys["until"])
	return from <= p.Number && (err != nil || p.Number <= until)
}
