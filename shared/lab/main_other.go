//go:build !linux

package main

import "errors"

var errNotLinux = errors.New("the lab needs Linux (network namespaces and TAP devices); use a Linux machine, real or virtual")

func calledInside() bool { return false }

func inside() int { return statusFailed }

func outside(request) (int, error) { return statusFailed, errNotLinux }
