//go:build linux

package main

import "maps"

func init() {
	maps.Copy(wrongFlags, map[string]string{
		"-listen 0":                        "from 1 to 65535",
		"-listen 65536":                    "from 1 to 65535",
		"-listen http":                     "from 1 to 65535",
		"-dial 10.0.0.1":                   "no IPv4 address with port",
		"-dial 10.0.0.1:0":                 "no IPv4 address with port",
		"-dial 10.0.0.1:65536":             "no IPv4 address with port",
		"-dial [::1]:80":                   "no IPv4 address with port",
		"-dial :80":                        "no IPv4 address with port",
		"-dial 10.0.0.255:80":              "no single host's address", // RFC 9293 3.9.2.3, MUST-46
		"-dial 224.0.0.1:80":               "no single host's address",
		"-dial 10.0.0.1:80 -ping 10.0.0.1": "-ping",
		"-count 3 -dial 10.0.0.1:80":       "-ping only",
		"-dial 10.0.0.1:80 -listen 80":     "-listen: only one",
		"-resolve 10.0.0.1 -listen 80":     "-listen: only one",
	})
	goodFlags = append(goodFlags, "-listen 65535", "-dial 192.0.2.7:80", "-dial 10.0.0.4:80")
	flagNames = append(flagNames, "listen", "dial")
}
