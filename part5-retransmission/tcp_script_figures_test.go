package main

import (
	"testing"

	"framebyframe/shared/script"
)

// The figures of RFC 9293 3.5, with the stack as the end for which the figure has a
// script's numbers: 0 is the initial sequence number of either side.
func TestScriptFigures(t *testing.T) {
	playAll(t, map[string]string{
		"6, TCP peer B: the basic handshake, passive": handshake + `
			+0 do accept
			+0 > nothing`,
		"6, TCP peer A: the basic handshake, active": `
			+0  do! dial
			+0  > S 0:0(0) <mss 1460,...>
			+.1 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  state ESTABLISHED`,
		// The figure has the SYN,ACK open the connection; the sequence check of
		// 3.10.7.4 finds it old and answers with an ACK. Both ends are open when both
		// ACKs have arrived.
		"7, simultaneous open": `
			+0 do! dial
			+0 > S 0:0(0)
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 <mss 1460,...>
			+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 done dial
			+0 state ESTABLISHED`,
		"8, TCP peer B: recovery from an old duplicate SYN": `
			+0 < S -10:-10(0) win 1000
			+0 > S. 0:0(0) ack -9
			+0 < R -9:-9(0)                    // A: I have not asked with that number
			+0 state LISTEN
			+0 forget
			+0 < S 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 state ESTABLISHED`,
		"8, TCP peer A: the old duplicate's answer": `
			+0 do! dial
			+0 > S 0:0(0)
			+0 < S. 0:0(0) ack -9 win 1000     // the answer to the old SYN
			+0 > R -9:-9(0) <>
			+0 state SYN-SENT
			+0 < S. 50:50(0) ack 1 win 1000    // and to ours
			+0 > . 1:1(0) ack 51
			+0 done dial
			+0 state ESTABLISHED`,
		// A has crashed and asks anew, as if there had never been a connection.
		"9, TCP peer B: half-open connection discovery": handshake + `
			+0 < S -600:-600(0) win 1000       // "!!": outside of the window
			+0 > . 1:1(0) ack 1
			+0 < R 1:1(0)                      // A's answer to that ACK
			+0 state LISTEN
			+0 forget
			+0 < S -600:-600(0) win 1000       // A asks again
			+0 > S. 0:0(0) ack -599
			+0 < . -599:-599(0) ack 1 win 1000
			+0 state ESTABLISHED`,
		// We have crashed; B still has its half of the old connection. The port comes
		// again because it is still in B's table, as figure 9 has it.
		"9, TCP peer A: after a restart of ours": `
			+0 do! dial
			+0 > S 0:0(0)
			+0 < . 100:100(0) ack 300 win 1000 // B: the old connection's ACK
			+0 > R 300:300(0) <>
			+0 state SYN-SENT
			+1ms < S. 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 done dial`,
		"10, TCP peer A: the active side causes half-open connection discovery": `
			+0 < 8000>81 P. 400:410(10) ack 77 win 1000
			+0 > 81>8000 R 77:77(0) <>`,
		"10, TCP peer B: the RST is for what it sent": handshake + `
			+0 < R 1:1(0)
			+0 state LISTEN`,
		"11, old duplicate SYN initiates a reset on two passive sockets": `
			+0 < S 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1
			+0 < R 1:1(0)                      // A, in LISTEN, has not asked
			+0 state LISTEN
			+1ms > nothing`,
	})
}

// Sequence numbers wrap (RFC 9293 3.4): the handshake from both sides, and with it
// what is compared with SND.UNA, SND.NXT and RCV.NXT, with either initial sequence
// number at each of the last places before 2^32.
func TestScriptWrap(t *testing.T) {
	passive := `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1
		+0 < . 1:1(0) ack 2 win 1000        // acknowledges what was not sent
		+0 > R 2:2(0)
		+0 < . 1:1(0) ack 0 win 1000        // acknowledges nothing new
		+0 > R 0:0(0)
		+0 < . 0:0(0) ack 1 win 1000        // before the window
		+0 > . 1:1(0) ack 1
		+0 state SYN-RECEIVED
		+0 < . 1:1(0) ack 1 win 1000
		+0 state ESTABLISHED
		+0 < . 1:1(0) ack 2 win 1000
		+0 > . 1:1(0) ack 1
		+0 < . 1:1(0) ack -999 win 1000     // SND.UNA - MAX.SND.WND
		+0 < . 1:1(0) ack -1000 win 1000
		+0 > . 1:1(0) ack 1
		+0 < . 0:0(0) ack 1 win 1000
		+0 > . 1:1(0) ack 1
		+0 < R 0:0(0)
		+0 state ESTABLISHED
		+0 < R 1:1(0)
		+0 state LISTEN`
	active := `
		+0 do! dial
		+0 > S 0:0(0)
		+0 < S. 0:0(0) ack 0 win 1000
		+0 > R 0:0(0)
		+0 < S. 0:0(0) ack 2 win 1000
		+0 > R 2:2(0)
		+0 < S. 0:0(0) ack 1 win 1000
		+0 > . 1:1(0) ack 1
		+0 done dial
		+0 < . 1:1(0) ack 2 win 1000
		+0 > . 1:1(0) ack 1
		+0 < . 0:0(0) ack 1 win 1000
		+0 > . 1:1(0) ack 1
		+0 < R 1:1(0)
		+0 state CLOSED`
	numbers := []uint32{1<<32 - 1, 1<<32 - 2, script.Wrap, 1<<31 - 1, 1 << 31, 0x12345678}
	for _, ours := range numbers {
		for _, theirs := range numbers {
			onTCPBench(t, func(b *tcpBench) {
				b.setISS(connKey{peerIP.As4(), 8000, 80}, ours)
				b.cfg.PeerISS, b.cfg.StackISS = theirs, &ours
				b.play(passive)
			})
			onTCPBench(t, func(b *tcpBench) {
				b.cfg.PeerISS, b.cfg.StackISS = theirs, &ours // dial sets it
				b.play(active)
			})
		}
	}
}

// Figure 7, where the peer does no more than the figure says: its SYN,ACK, with the
// number of its SYN, opens the connection.
func TestScriptFigure7ToTheLetter(t *testing.T) {
	playTCP(t, dialled+`
		+0 < S 0:0(0) win 1000
		+0 > S. 0:0(0) ack 1
		+0 < S. 0:0(0) ack 1 win 1000
		+0 > . 1:1(0) ack 1
		+0 done dial
		+0 state ESTABLISHED`)
}
