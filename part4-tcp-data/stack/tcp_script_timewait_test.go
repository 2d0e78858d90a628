package stack

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
