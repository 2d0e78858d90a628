//go:build linux

package main

import (
	"testing"

	"framebyframe/shared/suite"
)

func TestMain(m *testing.M) { suite.LabMain(m) }
