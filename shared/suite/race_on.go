//go:build race

package suite

// RaceEnabled is for tests that do less under the race detector, which makes them ten
// times as slow: those that play many bytes or seeds through the same code again, and
// those with one goroutine only.
const RaceEnabled = true
