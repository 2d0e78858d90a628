package main

import "testing"

// ICMP errors about a connection that is open (RFC 9293 3.9.2.2): none ends it, not even
// those that "SHOULD abort" it (SHLD-26), as RFC 5927 5.2 wants it; what they say is the
// error if there is no answer for too long (SHLD-25).
func TestScriptICMPOpen(t *testing.T) {
	for what, err := range map[string]string{
		"unreachable net": "ENETUNREACH", "unreachable host": "EHOSTUNREACH", "unreachable proto": "ENOPROTOOPT",
		"unreachable port": "ECONNREFUSED", "unreachable admin": "EHOSTUNREACH", "timeexceeded ttl": "EHOSTUNREACH",
		"timeexceeded reassembly": "EHOSTUNREACH",
	} {
		t.Run(what, func(t *testing.T) {
			playLoss(t, accepted+`
				+0   do usertimeout 1s
				+0   do! read 10
				+0   do write 10 = 10
				+0   > P. 1:11(10) ack 1
				+.1  < icmp `+what+` from 192.0.2.1
				+0   state ESTABLISHED
				+.1  > P. 1:11(10) ack 1
				+.1  < . 1:1(0) ack 11 win 1000
				+0   do write 10 = 10
				+0   > P. 11:21(10) ack 1
				+.1  < icmp `+what+` from 192.0.2.1
				+.1~+.5 > P. 11:21(10) ack 1
				+.4~+2 > R 21:21(0)
				+0   done read = `+err)
		})
	}
	playAllLoss(t, map[string]string{
		// SHLD-25 and 3.8.3: what kept the last data is reported, and not what was wrong once.
		"a complaint of long ago is not why there is no answer now": accepted + `
			+0   do usertimeout 1s
			+0   do! read 10
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1
			+.01 < icmp unreachable host
			+.01 < . 1:1(0) ack 11 win 1000
			+600 do write 10 = 10
			+0   > P. 11:21(10) ack 1
			+.2  > P. 11:21(10) ack 1
			+.4  > P. 11:21(10) ack 1
			+.8  > R 21:21(0)
			+0   done read = ETIMEDOUT`,
		"forged: not about what is on its way": accepted + `
			+0   do usertimeout 1s
			+0   do! read 10
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1
			+.01 < icmp unreachable host [0:10(10)]
			+.01 < icmp unreachable host [11:21(10)]
			+.01 < icmp unreachable host [1000000:1000010(10)]
			+.17 > P. 1:11(10) ack 1
			+.4  > P. 1:11(10) ack 1
			+.8  > R 11:11(0)
			+0   done read = ETIMEDOUT`,
		// "TCP implementations MUST silently discard any received ICMP Source Quench messages"
		// (MUST-55).
		"source quench": accepted + `
			+0   do usertimeout 1s
			+0   do! read 10
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1
			+.1  < icmp quench
			+.1  > P. 1:11(10) ack 1
			+.4  > P. 1:11(10) ack 1
			+.8  > R 11:11(0)
			+0   done read = ETIMEDOUT`,
		"in SYN-RECEIVED: it stays": `
			+0  < S 0:0(0) win 1000 <mss 1460>
			+0  > S. 0:0(0) ack 1
			+.1 < icmp unreachable port
			+0  state SYN-RECEIVED
			+.9 > S. 0:0(0) ack 1
			+.1 < . 1:1(0) ack 1 win 1000
			+0  state ESTABLISHED`,
		"with nothing on its way": accepted + `
			+0   < icmp unreachable port
			+0   < icmp unreachable host [1:11(10)]
			+0   state ESTABLISHED
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1`,
	})
}

// While a connection is being opened, a destination that cannot be reached ends that, soft
// errors as well, so that the user can try another address (RFC 5461 4.1).
func TestScriptICMPOpening(t *testing.T) {
	for what, err := range map[string]string{
		"unreachable net": "ENETUNREACH", "unreachable host": "EHOSTUNREACH", "unreachable proto": "ENOPROTOOPT",
		"unreachable port": "ECONNREFUSED", "timeexceeded ttl": "EHOSTUNREACH",
	} {
		t.Run(what, func(t *testing.T) {
			playLoss(t, dialled+`
				+1  > S 0:0(0)
				+.1 < icmp `+what+` from 192.0.2.1
				+0  done dial = `+err+`
				+100 > nothing`)
		})
	}
	playAllLoss(t, map[string]string{
		"source quench, fragmentation needed, forged: none": dialled + `
			+0  < icmp quench
			+0  < icmp unreachable frag mtu 1000
			+0  < icmp unreachable port [1:1(0)]
			+0  < icmp unreachable port [-1:-1(0)]
			+1  > S 0:0(0)
			+.1 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0  > . 1:1(0) ack 1
			+0  done dial`,
	})
}
