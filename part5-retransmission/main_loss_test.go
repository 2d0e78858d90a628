//go:build linux

package main

func init() {
	wrongFlags["-plain=1%"] = "invalid boolean"
	goodFlags = append(goodFlags, "-plain -plain")
	flagNames = append(flagNames, "plain")
}
