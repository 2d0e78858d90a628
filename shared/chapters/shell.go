package main

import (
	"fmt"
	"strings"
)

// A shellWord is one word or operator of a shell command line.
type shellWord struct {
	text       string // without the quotes
	start, end int    // where it stands, quotes included
	operator   bool   // ; | & < > ( ) or the end of a line
	expands    bool   // a shell would replace something in it: $ ` * ? [ or ~
}

const operators = ";|&<>()\n"

// splitShell splits text as a shell does, but replaces nothing.
func splitShell(text string) ([]shellWord, error) {
	var words []shellWord
	for at := 0; at < len(text); {
		switch c := text[at]; {
		case c == ' ' || c == '\t':
			at++
		case strings.HasPrefix(text[at:], "\\\n"): // the line goes on
			at += 2
		case c == '#':
			for at < len(text) && text[at] != '\n' {
				at++
			}
		case strings.IndexByte(operators, c) >= 0:
			words = append(words, shellWord{text[at : at+1], at, at + 1, true, false})
			at++
		default:
			w, err := readWord(text, at)
			if err != nil {
				return nil, err
			}
			// In "2>file" the 2 belongs to the operator.
			if w.end < len(text) && strings.IndexByte("<>", text[w.end]) >= 0 && isNumber(text[w.start:w.end]) {
				w.operator = true
			}
			words = append(words, w)
			at = w.end
		}
	}
	return words, nil
}

// readWord reads the word that begins at a place in text.
func readWord(text string, at int) (shellWord, error) {
	w := shellWord{start: at, expands: text[at] == '~'}
	var plain strings.Builder
	var quote byte // the quotation mark that the place is between, or 0
	for ; at < len(text); at++ {
		c := text[at]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && (c == ' ' || c == '\t' || strings.IndexByte(operators, c) >= 0):
			w.text, w.end = plain.String(), at
			return w, nil
		case c == '\\' && escapes(text, at, quote):
			at++
			if text[at] != '\n' { // else the line goes on
				plain.WriteByte(text[at])
			}
		default:
			w.expands = w.expands || quote != '\'' && (c == '$' || c == '`') || quote == 0 && strings.IndexByte("*?[", c) >= 0
			plain.WriteByte(c)
		}
	}
	if quote != 0 {
		return w, fmt.Errorf("a quotation mark %c does not end in: %s", quote, text[w.start:])
	}
	w.text, w.end = plain.String(), at
	return w, nil
}

// escapes reports whether the backslash at a place takes the meaning of the character behind it.
func escapes(text string, at int, quote byte) bool {
	if at+1 == len(text) || quote == '\'' {
		return false
	}
	return quote == 0 || strings.IndexByte("\"\\$`\n", text[at+1]) >= 0
}

// splitCommands returns the words of each command in text: operators part them.
func splitCommands(text string) ([][]string, error) {
	words, err := splitShell(text)
	if err != nil {
		return nil, err
	}
	commands := [][]string{nil}
	for _, w := range words {
		last := len(commands) - 1
		if w.operator {
			commands = append(commands, nil)
		} else {
			commands[last] = append(commands[last], w.text)
		}
	}
	return commands, nil
}

// isNumber reports whether s is made of digits.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
