package main

// arrivesInClosed is SEGMENT ARRIVES of RFC 9293 3.10.7.1, CLOSED STATE: no
// connection has these addresses and ports, and nobody listens.
func (s *Stack) arrivesInClosed(key connKey, seg *segment) error {
	// "All data in the incoming segment is discarded. An incoming segment
	// containing a RST is discarded. An incoming segment not containing a RST
	// causes a RST to be sent in response."
	if seg.has(flagRST) {
		return errTCPRST
	}
	s.sendReset(key, seg)
	return errTCPNoListener
}
