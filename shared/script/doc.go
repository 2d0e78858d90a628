// Package script plays the other end of a TCP connection from a script, in
// packetdrill's notation and in virtual time, so that a test of a stack reads like
// the RFC. All segments of the peer are built, and all segments of the stack are
// checked, with gopacket: an implementation that is not ours. Only tests import
// this package.
//
//	synctest.Test(t, func(t *testing.T) {
//		seg := wire.New(2)
//		… a stack on seg.End(0) …
//		script.Run(t, script.Config{
//			Device:  seg.End(1),
//			PeerMAC: peerMAC, PeerIP: peerIP,
//			StackMAC: ourMAC, StackIP: ourIP, StackPort: 80,
//		}, `
//			// RFC 9293 3.5, figure 6: the basic three-way handshake
//			+0       < S 0:0(0) win 1000 <mss 1460,wscale 7>
//			+0       > S. 0:0(0) ack 1 <mss 1460,wscale 7,...>
//			+.1      < . 1:1(0) ack 1 win 257
//			+0       do accept
//			+0       < P. 1:11(10) ack 1 win 257
//			+0~+.2   > . 11:11(0) ack 11
//			+0       state ESTABLISHED
//			+5       > nothing
//		`, script.Calls{"accept": …, "state": …})
//		… close the stack …
//	})
//
// A line is a time and what happens then. Lines happen in their order. // and #
// begin a comment.
//
// # Times
//
//	+.1  +0  +1.5  +2ms     after the line before: seconds, or a number with a unit
//	1.2  1200ms             after the script's start
//	+.2~+.25  1~2           at some time from the first to the second
//	*                       at any time (within an hour)
//	x1.5~x2.5               after so many times the time between the last two segments that came: a back-off
//
// A line "after" a segment from the stack counts from when that came. A segment
// may come Config.Tolerance, 1 ms, before or after its time: a cable delivers
// a microsecond after the Write. Ranges and * are for > and done; what the script
// does itself happens at one moment.
//
// # Segments
//
//	+0 < FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [<OPTIONS>]    the peer sends it
//	+0 > FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [<OPTIONS>]    the stack has to send it
//	+5 > nothing                                                  the stack sends nothing for 5 s
//
// The flags are F S R P . U E W, where . is ACK, E is ECE and W is CWR, or - for
// none. LEN counts the bytes of data, and END is SEQ+LEN; SYN and FIN do not count
// here, though each takes a sequence number. Sequence numbers, acknowledgements
// and SACK blocks are relative to the initial ones of both sides, which show as
// 0, and count modulo 2^32: -1 is the number before. The peer's initial one is
// Config.PeerISS, the stack's is learnt from its first SYN on a connection; until
// then the stack's numbers are absolute. win is the field of the header, not
// scaled.
//
// The stack's segment has to have the flags, sequence number and length of its line
// exactly, and what else the line mentions. What it does not mention is free. A
// segment of the stack that no line expects fails the script, also at its end.
//
// The data of a segment is what Config.Payload has for that place of the
// stream, byte by byte, both ways, so that a retransmission has to carry the same
// bytes. Behind data "text" it is this text, and behind data * it can be anything.
//
// Always checked: MACs; IPv4 version, header length, total length, flags, fragment
// offset, TTL, checksum, addresses, DF if Config.DF says so; TCP ports, data
// offset, reserved bits, form and padding of the options, checksum, payload.
//
// # Options
//
//	<mss 1460,nop,wscale 7,sackOK,sack 100:200 300:400,TS val 100 ecr 0,eol>
//	<unknown 253 0102>    kind 253 and its data in hexadecimal digits
//	<raw 0200>            bytes as they are, right or wrong: for the peer to send
//
// An expected list is compared exactly, in its order and with each nop; an eol at
// the end says nothing. <> are no options, and without <…> any will do. If the list
// ends with ... its options have to be there, in any order, and others may be:
//
//	+0 > S. 0:0(0) ack 1 <mss 1460,...>
//
// The peer's options are padded with zeros to whole words. TS val and ecr can be a
// number, * for anything, or a name. An expected name without a value is bound to
// what comes; from then on it stands for that number, and name+20 for one that is
// 20 higher:
//
//	+0   > S. 0:0(0) ack 1 <TS val a ecr 100,...>
//	+.02 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 120 ecr a>
//
// # Connections
//
// A segment is between Config.PeerPort and Config.StackPort. Others name their
// ends in front, from and to, with an address if it is not Config.PeerIP:
//
//	+0 < 8001>80 S 0:0(0) win 1000
//	+0 > 80>8001 S. 0:0(0) ack 1
//	+0 < 10.0.0.9:8000>80 S 0:0(0) win 1000     (10.0.0.9 is one of Config.Others)
//	+0 > a>8001 S 0:0(0)                        a port, bound to the name a
//
// If Config.StackPort is 0, it is learnt from the first SYN to Config.PeerPort: so
// for a stack that dials. After
//
//	+0 forget [PEER>STACK]
//
// the stack's next SYN on the connection gives a new initial sequence number: so for
// a connection that follows one in TIME-WAIT.
//
// # Calls
//
//	+0 do NAME ARGS… [= RESULT]     calls a function of Calls, which returns at once
//	+0 do! NAME ARGS… [= RESULT]    starts one that waits
//	+1 done NAME [= RESULT]         it returns now
//	+0 state ARGS… STATE            do state ARGS… = STATE
//
// Without a RESULT the call has to succeed. A RESULT is the text that it returns, or an
// error: EOF, closed (net.ErrClosed), timeout (os.ErrDeadlineExceeded), canceled,
// deadline (context's), the system's ECONNRESET, ECONNREFUSED and so on, as errors.Is
// sees them, a name in Config.Errors, or in quotes the error's own words. A do! with
// a RESULT has to have returned when the script ends. A call that is still open is not
// ended by the script: the test closes the stack. A call happens when the peer's last
// segment has reached the stack (a twentieth of the tolerance after it).
//
// Functions run in goroutines of their own and must not fail the test themselves:
// they return an error. Bytes gives the payload that a script expects of a write.
//
// # Faults and other frames
//
//	+0 < . 1:1(0) ack 1 badsum                  a wrong TCP checksum
//	+0 < . 1:1(0) ack 1 doff 4 reserved 3       a data offset, in words; the reserved bits
//	+0 < raw 0200…                              a frame, all of it
//	+0 < icmp unreachable frag mtu 1400         an ICMP error that quotes the stack's last segment
//	+0 < icmp unreachable port [1:1001(1000)]   … that quotes this one, sent or not
//	+0 < 8001>80 icmp timeexceeded ttl from 192.0.2.1
//	+0 link down                                calls Config.Link
//	+0 link up
//
// ICMP errors are unreachable with net, host, proto, port, frag, srcroute or admin,
// timeexceeded with ttl or reassembly, quench, and param. They come from the peer
// if from does not name another.
//
// The peer answers the stack's ARP requests for its addresses by itself, and no
// line sees any ARP packet.
//
// # From outside
//
// With Config.Outside a script is played against a stack of which nothing but its frames can be seen, in real time if it
// says how long the stack takes: by the rules that are told there. So shared/grade plays it against any program.
//
// # In Go
//
// ParseSegment, Segment.String, Segment.Frame, Decode and Segment.Match are the
// notation's parts, for tests that go through tables. NewPeer with Play, Send and
// Sent plays a script up to a state and then looks at what the stack makes of one
// segment:
//
//	p := script.NewPeer(t, config)
//	defer p.Close()
//	p.Play(handshake, nil)
//	p.Send(p.Parse("R 1000:1000(0)"))
//	answers := p.Sent(10 * time.Millisecond)
package script
