module framebyframe

go 1.25.0

require (
	github.com/google/gopacket v1.1.19
	github.com/songgao/water v0.0.0-20200317203138-2b4b6d7c09d8
	github.com/vishvananda/netlink v1.3.1
	golang.org/x/net v0.49.0
	golang.org/x/sys v0.42.0
	mvdan.cc/sh/v3 v3.13.0
)

require github.com/vishvananda/netns v0.0.5 // indirect
