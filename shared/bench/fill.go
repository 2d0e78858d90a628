package main

import (
	"fmt"
	"os"
	"strings"
)

// fill replaces what stands between two comments of a page, <!-- name --> and <!-- end name -->.
func fill(page, name, text string) error {
	content, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	filled, err := replace(string(content), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(filled), 0o644)
}

func replace(content, name, text string) (string, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(content, begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("there is no %s with %s behind it", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + strings.TrimSpace(text) + "\n\n" + end + after, nil
}
