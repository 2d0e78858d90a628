module framebyframe/shared/bench

go 1.25.5

require (
	framebyframe v0.0.0
	github.com/google/gopacket v1.1.19
	github.com/soypat/seqs v0.0.0-20260125140838-2c1c6b1bd69e
	github.com/vishvananda/netlink v1.3.1
	golang.org/x/sys v0.42.0
	gvisor.dev/gvisor v0.0.0-20260122175437-89a5d21be8f0
)

require (
	github.com/google/btree v1.1.2 // indirect
	github.com/songgao/water v0.0.0-20200317203138-2b4b6d7c09d8 // indirect
	github.com/vishvananda/netns v0.0.5 // indirect
	golang.org/x/exp v0.0.0-20231110203233-9a3e6036ecaa // indirect
	golang.org/x/time v0.12.0 // indirect
)

replace framebyframe => ../..
