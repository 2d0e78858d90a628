// Package parsing has the benchmarks that need no network: what other libraries do with the frame that part 5's
// BenchmarkParse reads.
package parsing
