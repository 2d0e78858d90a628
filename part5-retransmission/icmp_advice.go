package main

import "errors"

// tooLarge reports whether an error says that a datagram was too large for the path, how
// long it was, and what would fit; 0 if that is not said.
func tooLarge(reason error) (length, mtu int, ok bool) {
	var e icmpError
	if errors.As(reason, &e) && e.typ == icmpUnreachable && e.code == codeFragmentationNeeded {
		return e.length, e.mtu, true
	}
	return 0, 0, false
}
