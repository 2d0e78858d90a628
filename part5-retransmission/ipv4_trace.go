package main

import "fmt"

// describeIPv4 says between whom a datagram goes, in tcpdump's words, and if it
// is a fragment, which one.
func describeIPv4(h ipv4Header) string {
	text := fmt.Sprintf("IP %v > %v: ", h.src, h.dst)
	if h.isFragment() {
		more := ""
		if h.moreFragments {
			more = "+" // tcpdump -v writes the flag MF like this
		}
		text += fmt.Sprintf("[fragment id %d, offset %d%s] ", h.id, h.offset, more)
	}
	return text
}

// describeProtocol names the protocol of a payload that is not looked into.
func describeProtocol(h ipv4Header, payload []byte) string {
	return fmt.Sprintf("ip-proto-%d %d", h.protocol, len(payload))
}

// describeBadIPv4 describes what cannot be read as a datagram.
func describeBadIPv4(b []byte, err error) string {
	return fmt.Sprintf("IP [%v], length %d", err, len(b))
}
