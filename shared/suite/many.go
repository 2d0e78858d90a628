package suite

import "runtime"

// Many is how often something is tried: in a short run, and in a long one.
func Many(short, long int) int {
	if *Long {
		return long
	}
	return short
}

// inUse is how much memory is, after the garbage is gone.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
