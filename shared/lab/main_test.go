package main

import (
	"os"
	"testing"
)

// scratch is a directory for what all tests share; it is removed when they are through.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "lab-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		os.Chmod(dir, 0o755) // TestOrdinaryUser's other user must get in
		scratch = dir
		// Under -race each program of these tests would wait a second before it ends.
		os.Setenv("GORACE", "atexit_sleep_ms=1 "+os.Getenv("GORACE"))
		return m.Run()
	}())
}
