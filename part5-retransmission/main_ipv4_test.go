//go:build linux

package main

import "maps"

func init() {
	maps.Copy(wrongFlags, map[string]string{
		"-gateway ":                        "no IPv4 address",
		"-gateway x":                       "no IPv4 address",
		"-gateway ::1":                     "no IPv4 address",
		"-gateway 10.0.1.1":                "no other host on our link 10.0.0.0/24",
		"-gateway 10.0.0.4":                "no other host on our link",
		"-gateway 10.0.0.255":              "no other host on our link",
		"-ping nobody":                     "no IPv4 address",
		"-ping 10.0.0.0":                   "no single host's address",
		"-ping 10.0.0.255":                 "no single host's address",
		"-ping 255.255.255.255":            "no single host's address",
		"-ping 224.0.0.1":                  "no single host's address",
		"-ping 127.0.0.1":                  "no single host's address",
		"-ping 0.0.0.0":                    "no single host's address",
		"-ping 10.0.0.1 -ping 10.0.0.2":    "given before",
		"-count 0 -ping 10.0.0.1":          "from 1 to 65535",
		"-count 3":                         "-ping",
		"-resolve 10.0.0.1 -ping 10.0.0.1": "-ping: only one",
	})
	goodFlags = append(goodFlags, "-ping 192.0.2.7 -count 65535", "-ping 10.0.0.4", "-host  -gateway 10.0.0.254")
	flagNames = append(flagNames, "gateway", "ping", "count")
}
