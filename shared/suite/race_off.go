//go:build !race

package suite

const RaceEnabled = false
