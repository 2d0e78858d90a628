// Package rfc keeps docs/rfc-map.md true: the table of what RFC 9293 demands, where the parts do it, and which tests would
// fail if they did not; and a second one, of the other RFCs.
//
// It reads the tables and the parts' source. Every number of RFC 9293 must have one row; the declarations and tests that
// a row names must exist in the part that it names, and not all of them in an earlier one; and what is not as the RFC
// wants it must have a reason. What no command can see, whether a test fails for the right reason, is for whoever writes
// the row: break the code, and look.
package rfc

import (
	"fmt"
	"io"
	"os"

	"framebyframe/shared/book/parts"
)

// mapFile is the page, seen from the checkout's root.
const mapFile = "docs/rfc-map.md"

// Map returns what is wrong with the page, and sets its links unless it is only to be checked.
func Map(t *parts.Tree, checkOnly bool, stdout io.Writer) ([]string, error) {
	text, err := t.Read(mapFile)
	if err != nil {
		return nil, err
	}
	read, err := readParts(t)
	if err != nil {
		return nil, err
	}
	p := parsePage(text)
	problems := p.check(read)
	if linked := p.link(read); linked != text {
		if checkOnly {
			problems = append(problems, "the links, or the line below "+summaryMark+", are stale: go run ./shared/book rfc")
		} else if err := os.WriteFile(t.Path(mapFile), []byte(linked), 0o644); err != nil {
			return nil, err
		}
	}
	for i := range problems {
		problems[i] = mapFile + ": " + problems[i]
	}
	fmt.Fprintln(stdout, p.summary())
	return problems, nil
}
