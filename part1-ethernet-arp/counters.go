package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Summary returns what passed through the stack so far: frames received and
// sent, and how many were dropped for which reason. It ends with a newline.
func (s *Stack) Summary() string {
	s.mu.Lock()
	received, sent, dropped := s.received, s.sent, maps.Clone(s.dropped)
	s.mu.Unlock() // what is slow need not be done under the lock
	var reasons []string
	for reason, n := range dropped {
		reasons = append(reasons, fmt.Sprintf("%6d dropped: %v\n", n, reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("%6d frames received\n%6d frames sent\n%s", received, sent, strings.Join(reasons, ""))
}
