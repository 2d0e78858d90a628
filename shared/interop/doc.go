// Package interop has part 5 talk to a TCP/IP stack that is neither its own nor Linux's:
// netstack, the one of gVisor, in Go and by other people. It has tests only:
//
//	go -C shared/interop test ./...
//	go -C shared/interop test ./... -args -long
//
// Part 5 is built and run as a program, with one of two connected sockets as its cable
// (-tap fd:3); netstack, in the test's process, has the other one. So no root is needed,
// no TAP device and no network of the kernel's.
//
// It is a module of its own because of what gVisor requires: none of that belongs into
// the go.mod of the parts. Therefore "go test ./..." at the root does not run it, and it
// cannot use the packages of the parts or of shared.
package interop
