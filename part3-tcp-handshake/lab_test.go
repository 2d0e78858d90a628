//go:build linux

package main

import (
	"testing"

	"framebyframe/shared/suite"
)

func TestMain(m *testing.M) { suite.LabMain(m) }

// ourMAC is our card's address.
const ourMAC = "02:00:00:00:00:04"
