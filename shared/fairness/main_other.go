//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "fairness: this needs Linux, whose TCP it measures")
	os.Exit(1)
}
