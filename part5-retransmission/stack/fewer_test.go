package stack

// fewer is n, or a quarter of it under the race detector: there it is the many ways that
// matter, and not how often each is gone.
func fewer(n int) int {
	if raceEnabled {
		return n / 4
	}
	return n
}
