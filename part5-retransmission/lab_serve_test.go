//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"framebyframe/shared/suite"
)

// The program in docs/serve does what its comment says: a program of one's own on our stack.
func TestLabServe(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "serve")
	if out, err := exec.Command("go", "build", "-o", program, "../docs/serve").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	suite.LabProgram(t, "curl", program, "curl", "-s", "http://10.0.0.4/").Want(t, 0, "hello, 10.0.0.1:")
}
