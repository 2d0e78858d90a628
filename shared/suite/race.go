package suite

// QuarterUnderRace is n, or a quarter of it under the race detector: there it is the many ways that matter, and not how
// often each is gone.
func QuarterUnderRace(n int) int {
	if RaceEnabled {
		return n / 4
	}
	return n
}
