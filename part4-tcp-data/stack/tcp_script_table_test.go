package stack

// inState are scripts that lead to the states.
var inState = map[string]string{
	"CLOSED":   "+0 do unlisten",
	"LISTEN":   "+0 state LISTEN",
	"SYN-SENT": dialled,
	"SYN-RECEIVED passive": `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"SYN-RECEIVED active": dialled + `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"ESTABLISHED": handshake,
}
