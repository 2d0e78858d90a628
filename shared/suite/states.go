package suite

import "slices"

// rule is a row of the table of all states and segments: what a state makes of a
// kind of segment. Numbers and answers are the RFC's (9293 3.10.7).
type rule struct {
	state    string // at first; some have a word more
	segments string // kinds: flags as tcpdump shows them, data (one byte, with ACK), none (no flags)
	seqs     string // SEG.SEQ - RCV.NXT; W: just behind the window; any: all three
	acks     string // SEG.ACK: una-1, una, una+1, nxt+1; any: all of them, or no ACK
	answer   string // - is silence, ? is nothing or an ACK: it depends on the window
	then     string // the state; ? if that depends on the window
}

// In LISTEN and SYN-SENT the ACK is looked at before anything is known of the
// sequence number; after that it is the other way round.
var stateTable = []rule{
	{"CLOSED", "R R.", "any", "any", "-", "CLOSED"},
	{"CLOSED", "S none", "any", "any", "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>", "CLOSED"},
	{"CLOSED", "S. . F. data", "any", "any", "<SEQ=SEG.ACK><CTL=RST>", "CLOSED"},

	{"LISTEN", "R R.", "any", "any", "-", "LISTEN"},
	{"LISTEN", "S. . F. data", "any", "any", "<SEQ=SEG.ACK><CTL=RST>", "LISTEN"},
	{"LISTEN", "S", "any", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"},
	{"LISTEN", "none", "any", "any", "-", "LISTEN"},

	{"SYN-SENT", "S. . F. data", "any", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-SENT"},
	{"SYN-SENT", "R.", "any", "una-1 una nxt+1", "-", "SYN-SENT"},
	{"SYN-SENT", "R.", "any", "una+1", "-", "CLOSED"},
	{"SYN-SENT", "R none", "any", "any", "-", "SYN-SENT"},
	{"SYN-SENT", "S.", "any", "una+1", "<SEQ=SND.NXT><ACK=SEG.SEQ+1><CTL=ACK>", "ESTABLISHED"},
	{"SYN-SENT", "S", "any", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"},
	{"SYN-SENT", ". F. data", "any", "una+1", "-", "SYN-SENT"},

	{"SYN-RECEIVED passive", "R R.", "-1 W", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "S", "-1", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"}, // the same SYN
	{"SYN-RECEIVED passive", "S", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "S. . F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "R R. S S.", "0", "any", "-", "LISTEN"},
	{"SYN-RECEIVED passive", "none", "0", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", ". F. data", "0", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", ".", "0", "una+1", "-", "ESTABLISHED"},
	{"SYN-RECEIVED passive", "data", "0", "una+1", "?", "ESTABLISHED"},
	{"SYN-RECEIVED passive", "F.", "0", "una+1", "?", "?"},

	{"SYN-RECEIVED active", "R R.", "-1 W", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S", "-1", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"}, // the same SYN
	{"SYN-RECEIVED active", "S", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ". F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S.", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S.", "-1", "una-1 una nxt+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	// The peer's SYN,ACK: old by the sequence check, and in figure 7 what opens it.
	{"SYN-RECEIVED active", "S.", "-1", "una+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "?"},
	{"SYN-RECEIVED active", "R R.", "0", "any", "-", "CLOSED"},
	{"SYN-RECEIVED active", "S S.", "0", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "none", "0", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ". F. data", "0", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ".", "0", "una+1", "-", "ESTABLISHED"},
	{"SYN-RECEIVED active", "data", "0", "una+1", "?", "ESTABLISHED"},
	{"SYN-RECEIVED active", "F.", "0", "una+1", "?", "?"},

	{"ESTABLISHED", "R R.", "-1 W", "any", "-", "ESTABLISHED"},
	{"ESTABLISHED", "S S. . F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", "R R.", "0", "any", "-", "LISTEN"}, // CLOSED, and the listener is still there
	{"ESTABLISHED", "S S.", "0", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", "none", "0", "any", "-", "ESTABLISHED"},
	{"ESTABLISHED", ". F. data", "0", "nxt+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", ".", "0", "una-1 una", "-", "ESTABLISHED"},
	{"ESTABLISHED", "data", "0", "una-1 una", "?", "ESTABLISHED"},
	{"ESTABLISHED", "F.", "0", "una-1 una", "?", "?"},
}

// openTable goes on where stateTable ends: what the states from SYN-RECEIVED on make of
// every kind of segment (RFC 9293 3.10.7.4, with the RST, SYN and ACK rules of RFC 5961
// 3.2, 4.2 and 5.2), now that there are windows: at both edges, -1, 0, +1, W-1, W and W+1.
// W is behind the window. The answers are
//
//   - none, at least for now
//     ack   <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, at once
//     ack+N the same, for N numbers more, within half a second
//     rst   <SEQ=SEG.ACK><CTL=RST>
//     syn   <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>
//
// fin is F. with one byte of text before it. una+1 acknowledges our FIN, or our SYN.
var openTable = slices.Concat(
	windowRows("SYN-RECEIVED"),
	[]rule{
		{"SYN-RECEIVED", "R R.", "0", "any", "-", "LISTEN"},
		{"SYN-RECEIVED", "S S.", "in", "any", "-", "LISTEN"},
		{"SYN-RECEIVED", ". data F. fin", "in", "una-1 una nxt+1", "rst", "SYN-RECEIVED"},
		{"SYN-RECEIVED", ".", "in", "una+1", "-", "ESTABLISHED"},
	},
	takesText("SYN-RECEIVED", "una+1", "ESTABLISHED", "CLOSE-WAIT"),

	synchronized("ESTABLISHED"),
	[]rule{{"ESTABLISHED", ".", "in", "una-1 una", "-", "ESTABLISHED"}},
	takesText("ESTABLISHED", "una-1 una", "ESTABLISHED", "CLOSE-WAIT"),

	synchronized("FIN-WAIT-1"),
	[]rule{
		{"FIN-WAIT-1", ".", "in", "una-1 una", "-", "FIN-WAIT-1"},
		{"FIN-WAIT-1", ".", "in", "una+1", "-", "FIN-WAIT-2"},
	},
	takesText("FIN-WAIT-1", "una-1 una", "FIN-WAIT-1", "CLOSING"),
	takesText("FIN-WAIT-1", "una+1", "FIN-WAIT-2", "TIME-WAIT"),

	synchronized("FIN-WAIT-2"),
	[]rule{{"FIN-WAIT-2", ".", "in", "una-1 una", "-", "FIN-WAIT-2"}},
	takesText("FIN-WAIT-2", "una-1 una", "FIN-WAIT-2", "TIME-WAIT"),

	synchronized("CLOSE-WAIT"),
	[]rule{{"CLOSE-WAIT", ". data F. fin", "in", "una-1 una", "-", "CLOSE-WAIT"}},
	synchronized("CLOSING"),
	[]rule{
		{"CLOSING", ". data F. fin", "in", "una-1 una", "-", "CLOSING"},
		{"CLOSING", ". data F. fin", "in", "una+1", "-", "TIME-WAIT"},
	},
	synchronized("LAST-ACK"),
	[]rule{
		{"LAST-ACK", ". data F. fin", "in", "una-1 una", "-", "LAST-ACK"},
		{"LAST-ACK", ". data F. fin", "in", "una+1", "-", "LISTEN"}, // CLOSED, and the listener is still there
	},

	[]rule{ // its window is 0
		{"TIME-WAIT", "R R.", "-1 +1 W-1 W+1", "any", "-", "TIME-WAIT"},
		{"TIME-WAIT", "R R.", "0 W", "any", "-", "LISTEN"},
		{"TIME-WAIT", "S", "-1 0 W-1 W", "any", "ack", "TIME-WAIT"},
		{"TIME-WAIT", "S", "+1 W+1", "any", "syn", "SYN-RECEIVED"}, // MAY-2: a new connection
		{"TIME-WAIT", "S. data F. fin", "all", "any", "ack", "TIME-WAIT"},
		{"TIME-WAIT", ". none", "all", "any", "-", "TIME-WAIT"},
	},
)

// synchronized are the checks that all states have from ESTABLISHED to LAST-ACK.
func synchronized(state string) []rule {
	return append(windowRows(state),
		rule{state, "R R.", "0", "any", "-", "LISTEN"},
		rule{state, "S S.", "in", "any", "ack", state},
		rule{state, ". data F. fin", "in", "nxt+1", "ack", state},
	)
}

// windowRows are the first check, and what else is the same everywhere.
func windowRows(state string) []rule {
	again := "ack"
	if state == "SYN-RECEIVED" {
		again = "syn" // the same SYN
	}
	return []rule{
		{state, "R R.", "out", "any", "-", state},
		{state, "R R.", "+1 W-1", "any", "ack", state}, // RFC 5961 3.2
		{state, "S", "-1", "any", again, state},
		{state, "S", "W W+1", "any", "ack", state},
		{state, "S. . data F. fin none", "out", "any", "ack", state},
		{state, "none", "in", "any", "-", state},
	}
}

// takesText are the seventh and the eighth check. then is what follows from the ACK
// alone, closed what follows from the FIN. What is not at RCV.NXT is acknowledged at
// once, and whether it is kept does not show yet.
func takesText(state, acks, then, closed string) []rule {
	return []rule{
		{state, "data", "0", acks, "ack+1", then},
		{state, "F.", "0", acks, "ack+1", closed},
		{state, "fin", "-1", acks, "ack+1", closed}, // the text is old, the FIN is new
		{state, "fin", "0", acks, "ack+2", closed},
		{state, "data F. fin", "+1 W-1", acks, "ack", then},
	}
}
