package main

import (
	"fmt"
	"slices"
	"strings"
)

// Summary returns what passed through the stack so far: frames received and
// sent, and how many were dropped for which reason. It ends with a newline.
func (s *Stack) Summary() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var reasons []string
	for reason, n := range s.dropped {
		reasons = append(reasons, fmt.Sprintf("%6d dropped: %v\n", n, reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("%6d frames received\n%6d frames sent\n%s", s.received, s.sent, strings.Join(reasons, ""))
}
