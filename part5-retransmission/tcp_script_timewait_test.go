package main

import (
	"testing"

	"framebyframe/shared/script"
)

// waiting is a connection in TIME-WAIT: SND.NXT is 2, RCV.NXT is 12, and 10 bytes are
// there to be read.
const waiting = accepted + `
	+0 do closewrite
	+0 > F. 1:1(0) ack 1
	+0 < FP. 1:11(10) ack 2 win 1000
	+0 > . 2:2(0) ack 12
	+0 state TIME-WAIT
`

// RFC 9293 3.10.7.4, TIME-WAIT: "The only thing that can arrive in this state is a
// retransmission of the remote FIN. Acknowledge it, and restart the 2 MSL timeout."
func TestScriptTimeWait(t *testing.T) {
	playAll(t, map[string]string{
		"ends": waiting + `
			+59.9 state TIME-WAIT
			+.2 state LISTEN
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > R 2:2(0) <>`,
		"a FIN again, with its text or without": waiting + `
			+30 < FP. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+59.9 state TIME-WAIT
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+59.9 state TIME-WAIT
			+.2 state LISTEN`,
		"other text is acknowledged, and no reason to begin anew": waiting + `
			+30 < P. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+0 < P. 12:22(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+0 < F. 12:12(0) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+29.9 state TIME-WAIT
			+.2 state LISTEN`,
		"the user can read, and write no more": waiting + `
			+0 do write 1 = EPIPE
			+0 do read 4 = 4
			+70 state LISTEN
			+0 do read 100 = 6
			+0 do read 100 = EOF
			+0 do closeconn
			+0 do read 100 = closed`,
		"the window is the last one": accepted + `
			+0 do rcvbuf 1000
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < FP. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12 win 989
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > . 2:2(0) ack 12 win 989`,
		"RST: CLOSED": waiting + `
			+0 < R 11:11(0)
			+0 < R 13:13(0)
			+0 state TIME-WAIT
			+0 < R 12:12(0)
			+0 state LISTEN
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > R 2:2(0)`,
		"several, and each has its own time": waiting + `
			+0 < 8001>80 S 0:0(0) win 1000
			+0 > 80>8001 S. 0:0(0) ack 1
			+0 < 8001>80 . 1:1(0) ack 1 win 1000
			+0 do accept
			+20 do closewrite
			+0 > 80>8001 F. 1:1(0) ack 1
			+0 < 8001>80 F. 1:1(0) ack 2 win 1000
			+0 > 80>8001 . 2:2(0) ack 2
			+10 < F. 11:11(0) ack 2 win 1000        // this one is now the last to end
			+0 > . 2:2(0) ack 12
			+49.9 < 8001>80 P. 1:2(1) ack 2 win 1000
			+0 > 80>8001 . 2:2(0) ack 2
			+.2 < 8001>80 P. 1:2(1) ack 2 win 1000
			+0 > 80>8001 R 2:2(0)
			+9.8 state TIME-WAIT
			+.2 state LISTEN`,
	})
}

// "It MAY accept a new SYN from the remote TCP endpoint to reopen the connection directly
// from TIME-WAIT state (MAY-2), if it: (1) assigns its initial sequence number for the
// new connection to be larger than the largest sequence number it used on the previous
// connection incarnation, and (2) returns to TIME-WAIT state if the SYN turns out to be
// an old duplicate" (RFC 9293 3.6.1).
func TestScriptTimeWaitReuse(t *testing.T) {
	const reopened = waiting + `
		+0 forget
		+0 < S 13:13(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 14 <mss 1460,...>
		+0 state SYN-RECEIVED
	`
	const open = reopened + `
		+0 < . 14:14(0) ack 1 win 1000
		+0 state ESTABLISHED
	`
	playAll(t, map[string]string{
		"a newer SYN": open + `
			+0 do accept
			+0 < P. 14:24(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 24
			+70 state ESTABLISHED`,
		"and TIME-WAIT again, with a time of its own": waiting + `
			+0 forget
			+30 < S 13:13(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 14 <mss 1460,...>
			+0 < . 14:14(0) ack 1 win 1000
			+0 do accept
			+0 do closewrite
			+0 > F. 1:1(0) ack 14
			+0 < F. 14:14(0) ack 2 win 1000
			+0 > . 2:2(0) ack 15
			+31 state TIME-WAIT
			+0 < F. 14:14(0) ack 2 win 1000
			+0 > . 2:2(0) ack 15
			+59.9 state TIME-WAIT
			+.2 state LISTEN`,
		"an older SYN": waiting + `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > . 2:2(0) ack 12
			+0 < S -100000:-100000(0) win 1000 <mss 1460>
			+0 > . 2:2(0) ack 12
			+0 state TIME-WAIT`,
		// The peer has asked for nothing, and says so.
		"it was an old duplicate": reopened + `
			+0 < R 14:14(0)
			+0 state TIME-WAIT
			+50 state TIME-WAIT
			+10.1 state LISTEN`,
		"nobody listens any more": waiting + `
			+0 do unlisten
			+0 < S 13:13(0) win 1000 <mss 1460>
			+0 > . 2:2(0) ack 12`,
		// Once it is open, no old duplicate can have been the SYN, and when it is over,
		// nothing of the first one is left: this is LISTEN, where "any acknowledgment
		// is bad" (3.10.7.2).
		"when the new one has been reset, the old one is forgotten": open + `
			+0 do accept
			+0 do abort
			+0 > R 1:1(0) <>
			+0 state LISTEN
			+0 < P. 14:24(10) ack 1 win 1000
			+0 > R 1:1(0) <>`,
	})
}

// The new connection's numbers are ahead of the old one's, also where they wrap, and
// whatever the clock says.
func TestScriptTimeWaitISS(t *testing.T) {
	for _, old := range []uint32{1000, 1<<31 - 1, 1 << 31, script.Wrap, 1<<32 - 1} {
		for _, clock := range []uint32{0, 1, 3, 1 << 20, 1<<32 - 1, 1<<32 - 1000} { // ahead of the old one's by this much
			onTCPBench(t, func(b *tcpBench) {
				key := connKey{peerIP.As4(), 8000, 80}
				b.setISS(key, old)
				b.cfg.PeerISS = 1<<32 - 13 // the peer's wrap, too, between RCV.NXT and the SYN
				p := b.newPeer(waiting)
				defer p.Close()
				b.setISS(key, old+clock)
				p.Play("+0 forget\n+0 < S 13:13(0) win 1000\n+0 > S. 0:0(0) ack 14", b.calls())
				b.do(func() {
					if iss, last := b.conn(8000).snd.iss, b.timeWait(8000).sndNxt-1; !last.less(iss) {
						t.Errorf("the old connection's last number is %d, the new one's first %d", last, iss)
					}
				})
			})
		}
	}
}
