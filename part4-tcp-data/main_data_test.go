//go:build linux

package main

import "maps"

func init() {
	maps.Copy(wrongFlags, map[string]string{
		"-get 10.0.0.1":                        "no URL",
		"-get https://10.0.0.1/":               "no URL",
		"-get http://":                         "no URL",
		"-get http://:80/":                     "no URL",
		"-get http:///x":                       "no URL",
		"-get http://10.0.0.1:0/":              "no IPv4 address with port",
		"-get http://10.0.0.1:65536/":          "no IPv4 address with port",
		"-get http://[::1]/":                   "no IPv4 address with port",
		"-get http://www.example.com/":         "there is no DNS",
		"-get http://10.0.0.255/":              "no single host's address",
		"-nc 10.0.0.1":                         "no IPv4 address with port",
		"-nc 10.0.0.1:0":                       "no IPv4 address with port",
		"-nc 224.0.0.1:7":                      "no single host's address",
		"-get http://10.0.0.1/ -ping 10.0.0.1": "-ping",
		"-get http://10.0.0.1/ -nc 10.0.0.1:7": "-nc: only one",
		"-nc 10.0.0.1:7 -listen 80":            "-listen: only one",
	})
	goodFlags = append(goodFlags, "-get http://10.0.0.1", "-get HTTP://10.0.0.1:8080/a?b#c", "-listen 7")
	flagNames = append(flagNames, "get", "nc")
}
