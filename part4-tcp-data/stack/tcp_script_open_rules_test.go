package stack

// inOpenState are scripts that lead to the states.
var inOpenState = map[string]string{
	"SYN-RECEIVED": inState["SYN-RECEIVED passive"],
	"ESTABLISHED":  accepted,
	"FIN-WAIT-1":   finWait1,
	"FIN-WAIT-2":   finWait1 + "+0 < . 1:1(0) ack 2 win 1000\n",
	"CLOSE-WAIT":   closeWait,
	"CLOSING":      finWait1 + "+0 < F. 1:1(0) ack 1 win 1000\n+0 > . 2:2(0) ack 2\n",
	"LAST-ACK":     closeWait + "+0 do closewrite\n+0 > F. 1:1(0) ack 2\n",
	"TIME-WAIT":    finWait1 + "+0 < F. 1:1(0) ack 2 win 1000\n+0 > . 2:2(0) ack 2\n",
}

const (
	finWait1  = accepted + "+0 do closewrite\n+0 > F. 1:1(0) ack 1\n"
	closeWait = accepted + "+0 < F. 1:1(0) ack 1 win 1000\n+0 > . 1:1(0) ack 2\n"
)
