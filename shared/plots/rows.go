package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A row is one event of a recording: record_test.go of part 4 and its neighbours say which there are.
type row struct {
	at      float64 // seconds
	what    string
	numbers []float64
	word    string // the last column, if it is no number
}

// readRows reads a recording.
func readRows(file string) ([]row, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rows []row
	for number, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		columns := strings.Split(line, "\t")
		if len(columns) < 3 {
			return nil, fmt.Errorf("%s:%d: %q is no row", file, number+1, line)
		}
		r := row{what: columns[1]}
		if r.at, err = strconv.ParseFloat(columns[0], 64); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number+1, err)
		}
		for _, column := range columns[2:] {
			v, err := strconv.ParseFloat(column, 64)
			if err != nil {
				r.word = column
				break
			}
			r.numbers = append(r.numbers, v)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// only returns the rows of one kind.
func only(rows []row, what string) (some []row) {
	for _, r := range rows {
		if r.what == what {
			some = append(some, r)
		}
	}
	return some
}
