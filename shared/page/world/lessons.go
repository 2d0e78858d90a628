package world

import (
	"bytes"
	"time"
)

// Lessons are the guided experiments, in the order of the chapters.
var Lessons = []*Lesson{
	{
		ID: "silence", Part: 1, Title: "Who is not there",
		Query: "x=silence&a=1&b=1",
		Story: "Two hosts of part 1 speak nothing but ARP. A is going to ask for two addresses; only 10.0.0.4 is on this cable.",
		Ask:   "A asks for 10.0.0.77, where nobody is. How does that end?",
		Choices: []string{
			"B answers that 10.0.0.77 is not there",
			"A asks once; when nobody answers, it gives up",
			"A asks three times, a second apart, and then gives up",
		},
		Steps: []Step{
			{Text: "Have A ask for 10.0.0.77.", done: sent(kind("arp"), from(0), says("who-has 10.0.0.77")), Act: "resolve.a.77"},
			{Text: "Have A ask for 10.0.0.4, too.", done: sent(kind("arp"), from(0), says("who-has 10.0.0.4 ")), Act: "resolve.a.4"},
			{Text: "Let time pass until A has given up.", done: said(0, "who has 10.0.0.77:"), Wait: 5 * time.Second},
		},
		Why:  "In ARP silence is the only way to say no: nobody can answer for a host that does not exist. So a question is asked again, no more than once a second (RFC 1122 2.3.2.1), and after three the neighbour is given up.",
		More: "Lose the reply of 10.0.0.4 under way. How does A tell that from a host that is not there?",
		outcome: func(w *World) Outcome {
			asked := w.each(from(0), says("who-has 10.0.0.77"))
			o := Outcome{Choice: 1, Frames: ids(asked), Lines: w.heard(0, "who has 10.0.0.77:")}
			if len(asked) >= 3 {
				o.Choice = 2
			}
			if no := w.each(from(1), says("10.0.0.77")); len(no) > 0 {
				o.Choice, o.Frames = 0, ids(no)
			}
			return o
		},
	},
	{
		ID: "forged", Part: 1, Title: "The liar",
		Query: "x=forged&a=2&b=2&arp=known",
		Story: "A and B know each other. A stranger on the cable tells A, in B's name, that 10.0.0.4 is at 02:00:00:00:00:66. Nobody had asked.",
		Ask:   "Then A pings 10.0.0.4. Where does its echo request go?",
		Choices: []string{
			"To B's card, ...:04: A knows it, and has not asked anybody",
			"To the stranger's, ...:66: who spoke last is believed",
			"Nowhere yet: A asks by ARP who is right",
		},
		Steps: []Step{
			{Text: "Forge an ARP reply to A, and let it arrive.", done: sent(forged, kind("arp"), arrived), Act: "forge.a.arp"},
			{Text: "Have A ping 10.0.0.4.", done: func(w *World) bool {
				lies := w.each(forged, kind("arp"), arrived)
				return w.some(from(0), after(lies[0]), kind("icmp")) || w.some(from(0), after(lies[0]), kind("arp"))
			}, Act: "ping.a.4.56"},
		},
		Why:  "RFC 826 says: if the sender is in the table, its row is updated, before anybody looks whether this is a question or an answer. ARP has no way to know who may speak for an address. All that helps is to hear the owner protest, or not to depend on it.",
		More: "Let time pass after the ping. Does A ever find out?",
		outcome: func(w *World) Outcome {
			lie := w.each(forged, kind("arp"), arrived)[0]
			next := w.each(from(0), after(lie))[0]
			o := Outcome{Choice: 0, Frames: []int{lie.ID, next.ID}}
			switch {
			case next.Kind == "arp":
				o.Choice = 2
			case bytes.Equal(next.raw[:6], stranger[:]):
				o.Choice = 1
			}
			return o
		},
	},
	{
		ID: "bit", Part: 2, Title: "One bit",
		Query: "x=bit&a=2&b=2&arp=known",
		Story: "An echo request carries 100 letters. On its way one bit of a letter changes.",
		Ask:   "Who notices?",
		Choices: []string{
			"IPv4: the checksum of its header",
			"ICMP: its checksum",
			"Nobody: the reply brings the wrong letter back",
		},
		Steps: []Step{
			{Text: "Have A ping 10.0.0.4 with 100 bytes.", done: sent(kind("icmp"), from(0)), Act: "ping.a.4.100"},
			{Text: "While the request is under way, select it and flip a bit in its data, from byte 42 on.", done: func(w *World) bool {
				return w.some(kind("icmp"), from(0), marked)
			}},
			{Text: "Let it arrive.", done: sent(kind("icmp"), from(0), marked, arrived), Wait: time.Second},
		},
		Why:  "The checksum of IPv4 covers its header and nothing else: routers change the header at every hop, and have no time for the rest. ICMP's, UDP's and TCP's cover what they carry. (Ethernet has a CRC of its own; a cable's card checks it before any of this.)",
		More: "Flip a bit in the IPv4 header, or in the destination's MAC address. Flip two bits so that the sum stays the same.",
		outcome: func(w *World) Outcome {
			o := Outcome{Choice: 2, Frames: ids(w.each(kind("icmp"), marked))}
			if l := w.heard(1, "dropped: IPv4"); len(l) > 0 {
				o.Choice, o.Lines = 0, l
			}
			if l := w.heard(1, "dropped: ICMP"); len(l) > 0 {
				o.Choice, o.Lines = 1, l
			}
			return o
		},
	},
	{
		ID: "fragment", Part: 2, Title: "Two out of three",
		Query: "x=fragment&a=2&b=2&arp=known",
		Story: "A cable of Ethernet carries 1500 bytes at a time, so an echo request with 4000 bytes goes in three fragments.",
		Ask:   "The second one is lost. What does A hear?",
		Choices: []string{
			"A reply with the parts that did arrive",
			"The lost fragment is asked for, sent again, and then A has its reply",
			"No reply. Half a minute later B says that it has given up",
		},
		Steps: []Step{
			{Text: "Have A ping 10.0.0.4 with 4000 bytes.", done: sent(kind("part"), from(0)), Act: "ping.a.4.4000"},
			{Text: "Lose the second fragment.", done: sent(kind("part"), from(0), lost)},
			{Text: "Let time pass, up to a minute.", done: either(waited(time.Minute, kind("part"), from(0)), sent(from(1), kind("icmp"), arrived)), Wait: time.Minute},
		},
		Why:  "A datagram arrives whole or not at all. IPv4 can repeat nothing, as it does not keep what it has sent. The receiver waits for the rest for a while, and then throws all of it away, and tells the sender if it has the first fragment (RFC 1122 3.3.2).",
		More: "Lose the first fragment instead. Then double one, or have one come late.",
		outcome: func(w *World) Outcome {
			parts, back := w.each(kind("part"), from(0)), w.each(from(1), kind("icmp"))
			o := Outcome{Choice: 2, Frames: append(ids(parts), ids(back)...)}
			if w.some(from(1), says("echo reply")) {
				o.Choice = 0
				if len(parts) > 3 {
					o.Choice = 1
				}
			}
			return o
		},
	},
	{
		ID: "synack", Part: 3, Title: "Who has a clock?",
		Query: "x=synack&a=3&b=5&arp=known",
		Story: "A is part 3, which opens connections and has no timer. B is part 5, which has one. A's SYN arrives; B's SYN,ACK is lost.",
		Ask:   "What happens then?",
		Choices: []string{
			"A sends its SYN again",
			"B sends its SYN,ACK again",
			"Nothing: both wait for ever",
		},
		Steps: []Step{
			{Text: "Have A open a connection to port 80.", done: sent(kind("syn"), from(0)), Act: "dial.a.80"},
			{Text: "Lose the first SYN,ACK.", done: sent(kind("syn"), from(1), lost)},
			{Text: "Let two seconds pass.", done: waited(2*time.Second, kind("syn"), from(1)), Wait: 2 * time.Second},
		},
		Why:  "A handshake needs one clock at least. After its first timeout, a second, B repeats what nobody has acknowledged (RFC 6298 2.1). Where both ends are part 3, one lost segment is the end: that is what part 5 is for.",
		More: "Lose A's SYN instead. Then try part 3 at both ends.",
		outcome: func(w *World) Outcome {
			if l := w.each(kind("syn"), from(1), again); len(l) > 0 {
				return Outcome{Choice: 1, Frames: ids(l)}
			}
			if l := w.each(kind("syn"), from(0), again); len(l) > 0 {
				return Outcome{Choice: 0, Frames: ids(l)}
			}
			return Outcome{Choice: 2, Frames: ids(w.each(kind("syn")))}
		},
	},
	{
		ID: "rst", Part: 3, Title: "The blind attacker",
		Query: "x=rst&a=4&b=4&arp=known&do=0.dial.a.80",
		Story: "A and B, of part 4, are connected. Someone who knows their addresses and ports sends B a reset in A's name. He cannot see their sequence numbers, but his guess comes near: it is in the window, 100 too high.",
		Ask:   "What does B do?",
		Choices: []string{
			"It believes it: the connection is gone",
			"It answers with an ACK, and stays connected",
			"It drops it without a word",
		},
		Steps: []Step{
			{Text: "Let the two connect.", done: said(1, "has accepted a connection"), Wait: time.Second},
			{Text: "Send B an RST whose number is 100 too high.", done: sent(forged, kind("rst"), arrived), Act: "forge.b.rstnear"},
			{Text: "Let time pass until A has heard of it, or for a second.", done: either(waited(time.Second, forged, kind("rst")), sent(from(1), kind("ack"), arrived)), Wait: time.Second},
		},
		Why:  "RFC 5961 3.2: only the very number that is expected ends a connection. For any other one in the window B sends a challenge ACK: if the other end is really gone, it answers that with a RST that has the right number. The liar never sees the challenge.",
		More: "Send the one with the very number, and the one far outside of the window. Then take part 3 for B: its window is 0. What is in it?",
		outcome: func(w *World) Outcome {
			rst := w.each(forged, kind("rst"), arrived)[0]
			o := Outcome{Choice: 2, Frames: []int{rst.ID}}
			if l := w.each(from(1), kind("ack"), after(rst)); len(l) > 0 {
				o.Choice, o.Frames = 1, append(o.Frames, l[0].ID)
			}
			if l := w.heard(1, "ESTABLISHED -> CLOSED"); len(l) > 0 {
				o.Choice, o.Lines = 0, l
			}
			return o
		},
	},
	{
		ID: "hang", Part: 4, Title: "One segment less",
		Query: "x=hang&a=4&b=4&arp=known&do=0.dial.a.80_0.write.a.8000",
		Story: "Part 4 carries streams of bytes. A writes 8000 of them, in six segments. One is lost.",
		Ask:   "How does the stream go on?",
		Choices: []string{
			"A sends the segment again, after a second or so",
			"B asks for it, and A sends it again",
			"Not at all: both wait for ever",
		},
		Steps: []Step{
			{Text: "Lose one of A's segments with data.", done: sent(kind("data"), from(0), lost)},
			{Text: "Let a minute pass.", done: waited(time.Minute, kind("data"), from(0)), Wait: time.Minute},
		},
		Why:  "B's ACKs do say what it expects, each of them the same. But part 4 takes an ACK for what it is, news of what has arrived, and keeps no clock. Everything that a transfer needs to survive a loss is in part 5, and it is as much code as all before.",
		More: "Give A part 5 and leave B as it is. Who of the two has to know about loss?",
		outcome: func(w *World) Outcome {
			lost := w.each(kind("data"), from(0), lost)
			o := Outcome{Choice: 2, Frames: ids(lost)}
			if l := w.each(kind("data"), from(0), again); len(l) > 0 {
				o = Outcome{Choice: 0, Frames: ids(l)}
				if time.Duration(l[0].Sent-lost[0].Sent) < 200*time.Millisecond {
					o.Choice = 1
				}
			}
			return o
		},
	},
	{
		ID: "slow", Part: 4, Title: "A slow reader",
		Query: "x=slow&a=4&b=4&arp=known&delay=5000000&do=0.read.b.0_0.dial.a.80_0.write.a.400000",
		Story: "A writes 400,000 bytes. B's application does not read.",
		Ask:   "What stops A?",
		Choices: []string{
			"Nothing: B's stack drops what it has no room for, and A sends it again later",
			"B's window: each ACK offers less, the last one 0",
			"B answers with a reset when its buffer is full",
		},
		Steps: []Step{
			{Text: "Let time pass until A sends no more.", done: either(sent(from(1), shut), waited(5*time.Second, kind("data"), from(0))), Wait: time.Second},
			{Text: "Have B read again.", done: func(w *World) bool { return w.apps[1].reading() && w.Now() > 0 && w.apps[1].hasRead() }, Act: "read.b.max"},
			{Text: "Let A hear of it.", done: func(w *World) bool {
				closed := w.each(from(1), shut)
				return len(closed) == 0 || w.some(from(1), windowOpen, arrived, after(closed[0]))
			}, Wait: time.Second},
		},
		Why:  "RCV.WND is what B has room for. What A may send ends at ACK + window, and that does not move while B's application sleeps (RFC 9293 3.8.6). When it reads, B says so by a window update, once there is room for a segment: a smaller one would be silly.",
		More: "Have B read 5000 bytes a second. How large are the segments that A sends then?",
		outcome: func(w *World) Outcome {
			if l := w.each(from(1), kind("rst")); len(l) > 0 {
				return Outcome{Choice: 2, Frames: ids(l)}
			}
			if l := w.each(from(1), shut); len(l) > 0 {
				return Outcome{Choice: 1, Frames: ids(l[:1])}
			}
			return Outcome{Choice: 0, Frames: ids(w.each(from(0), kind("data"), again))}
		},
	},
	{
		ID: "update", Part: 4, Title: "The lost update",
		Query: "x=update&a=4&b=4&arp=known&delay=5000000&do=0.read.b.0_0.dial.a.80_0.write.a.400000_3000000000.read.b.max&t=2990000000",
		Story: "B's window is closed, and A waits. Now B's application reads, and B says that there is room. That ACK is lost.",
		Ask:   "What happens?",
		Choices: []string{
			"A asks, with a byte from beyond the window, whether it is still closed",
			"B repeats its ACK until A sends something",
			"Nothing: A waits for the update, B for data",
		},
		Steps: []Step{
			{Text: "Let B read: its ACK goes out.", done: sent(from(1), windowOpen, func(f *Frame) bool { return f.Sent >= int64(3*time.Second) })},
			{Text: "Lose every ACK that opens the window.", done: sent(from(1), windowOpen, lost)},
			{Text: "Let a minute pass.", done: waited(time.Minute, from(1), windowOpen, lost), Wait: time.Minute},
		},
		Why:  "An ACK without data is never acknowledged, so nobody knows that it was lost. RFC 9293 3.8.6.1 has the sender probe a closed window for that reason. Part 4 has no timer that could; part 5 has.",
		More: "Give A part 5, and do it again.",
		outcome: func(w *World) Outcome {
			lost := w.each(from(1), windowOpen, lost)[0]
			if l := w.each(from(0), after(lost), kind("data")); len(l) > 0 {
				return Outcome{Choice: 0, Frames: ids(l[:1])}
			}
			if l := w.each(from(1), after(lost), windowOpen); len(l) > 0 {
				return Outcome{Choice: 1, Frames: ids(l[:1])}
			}
			return Outcome{Choice: 2, Frames: []int{lost.ID}}
		},
	},
	{
		ID: "question", Part: 5, Title: "The smallest frame",
		Query: "x=question&a=5&b=5&do=0.dial.a.80_0.write.a.3000",
		Story: "A opens a connection and does not know B's MAC address yet: before its SYN can go, it has to ask by ARP. That question, 42 bytes, is lost.",
		Ask:   "What gets the connection going again?",
		Choices: []string{
			"ARP asks again, after a second",
			"TCP's timer: the SYN is repeated, and that asks again",
			"Nothing: the call fails",
		},
		Steps: []Step{
			{Text: "Lose A's first ARP question.", done: sent(kind("arp"), from(0), lost)},
			{Text: "Let time pass until the two are connected, or the call fails.", done: either(said(0, "is connected"), said(0, "connecting:")), Wait: 5 * time.Second},
		},
		Why:  "The SYN waits in ARP's row for B, and TCP believes that it has been sent: it times it, and will blame the network. 42 bytes that are lost cost a second, and TCP's idea of the round trip is wrong by as much. That is why a SYN's time is forgotten if it had to be repeated.",
		More: "Do not lose it: is the first round trip that A measures 40 ms? What is in it?",
		outcome: func(w *World) Outcome {
			first := w.each(kind("arp"), from(0), lost)[0]
			next := w.each(from(0), after(first))
			switch {
			case len(w.heard(0, "connecting:")) > 0:
				return Outcome{Choice: 2, Lines: w.heard(0, "connecting:")}
			case len(next) > 0 && next[0].Kind == "arp" && len(w.heardBefore(next[0], 0, "no answer for")) == 0:
				return Outcome{Choice: 0, Frames: []int{first.ID, next[0].ID}}
			}
			return Outcome{Choice: 1, Frames: ids(next[:min(1, len(next))])}
		},
	},
	{
		ID: "fifth", Part: 5, Title: "The fifth of ten",
		Query: "x=fifth&a=5&b=5&arp=known&do=0.dial.a.80_0.write.a.14000",
		Story: "A sends ten segments in one go. A round trip takes 40 ms, and A's retransmission timer is 200 ms at least. The fifth segment is lost.",
		Ask:   "When does A send it again?",
		Choices: []string{
			"After about one round trip: the ACKs for what came behind it tell",
			"After 200 ms or more, when its timer fires",
			"When all the others have been acknowledged and it alone is missing",
		},
		Steps: []Step{
			{Text: "Lose the fifth segment with data.", done: func(w *World) bool {
				l := w.each(kind("data"), from(0))
				return len(l) >= 5 && lost(l[4])
			}},
			{Text: "Let time pass until it is sent again.", done: either(sent(kind("data"), from(0), again), waited(time.Minute, kind("data"), from(0))), Wait: time.Second},
		},
		Why:  "What arrives behind the hole is acknowledged selectively, by the SACK option. Once segments that were sent later have arrived, RACK takes the missing one for lost (RFC 8985), a round trip after it was sent. The timer is for when nothing comes back at all.",
		More: "Look at the options of B's ACKs. Then do it without SACK (5p at both ends): three duplicate ACKs do the same. Then lose two.",
		outcome: func(w *World) Outcome {
			gone, l := w.each(kind("data"), from(0), lost), w.each(kind("data"), from(0), again)
			if len(l) == 0 {
				return Outcome{Choice: 2, Frames: ids(gone)}
			}
			o := Outcome{Choice: 0, Frames: []int{gone[0].ID, l[0].ID}, Lines: w.heard(0, "recovery starts")}
			if time.Duration(l[0].Sent-gone[0].Sent) > 150*time.Millisecond {
				o.Choice = 1
			}
			return o
		},
	},
	{
		ID: "last", Part: 5, Title: "The last one",
		Query: "x=last&a=5&b=5&arp=known&do=0.dial.a.80_0.write.a.5000",
		Story: "A sends four segments. The last one is lost, and nothing comes behind it that B could acknowledge.",
		Ask:   "What happens first?",
		Choices: []string{
			"B notices the gap and says so",
			"After about two round trips A sends the last segment again, as a probe",
			"The retransmission timer fires, and A goes back to one segment at a time",
		},
		Steps: []Step{
			{Text: "Lose the last segment with data.", done: func(w *World) bool {
				l := w.each(kind("data"), from(0), lost)
				return len(l) > 0 && l[0].Seq+l[0].Bytes == 5001
			}},
			{Text: "Let time pass until it is sent again.", done: either(sent(kind("data"), from(0), again), waited(time.Minute, kind("data"), from(0))), Wait: time.Second},
		},
		Why:  "A gap has two sides, and here is only one. RFC 8985 7 has the sender probe: after two round trips without news the last segment goes out again, and its ACK shows what is missing. It costs one segment and no window. The timer would have cost more time, and the window.",
		More: "Lose the probe as well. And the next one.",
		outcome: func(w *World) Outcome {
			gone, l := w.each(kind("data"), from(0), lost), w.each(kind("data"), from(0), again)
			if len(l) == 0 {
				return Outcome{Choice: 0, Frames: ids(gone)}
			}
			o := Outcome{Choice: 2, Frames: []int{gone[0].ID, l[0].ID}, Lines: w.heard(0, "no answer")}
			if len(w.heard(0, "a tail loss probe goes out")) > 0 {
				o.Choice = 1
			} else if len(w.heard(0, "recovery starts")) > 0 {
				o.Choice = 0
			}
			return o
		},
	},
	{
		ID: "twice", Part: 5, Title: "Twice the same",
		Query: "x=twice&a=5&b=5&arp=known&do=0.dial.a.80_0.write.a.5000_0.shut.a",
		Story: "A network may deliver a segment twice. One of A's segments with data does.",
		Ask:   "What does B make of it?",
		Choices: []string{
			"Its application reads those bytes twice",
			"It takes them once, and says nothing about the second",
			"It takes them once, and tells A that it has had them twice",
		},
		Steps: []Step{
			{Text: "Double one of A's segments with data.", done: sent(kind("data"), from(0), doubled)},
			{Text: "Let time pass until B's application has read everything.", done: either(said(1, "to the end of the stream"), waited(time.Minute, kind("data"), from(0))), Wait: time.Second},
			{Text: "Let A hear of it.", done: func(w *World) bool { return w.some(from(1), func(f *Frame) bool { return f.Ack >= 5001 }, arrived) }, Wait: time.Second},
		},
		Why:  "Sequence numbers are there for that: what is below RCV.NXT is old. With SACK the receiver also reports it, as a block below the ACK (D-SACK, RFC 2883). From that a sender learns that something it has sent again was not lost, and may take back what it did about it.",
		More: "Do it without SACK (5p). Then delay a segment by 300 ms instead: A sends it again, B has it twice. What does A do to its window, and when does it take that back?",
		outcome: func(w *World) Outcome {
			second := w.each(kind("data"), from(0), doubled)[0]
			o := Outcome{Choice: 1, Frames: []int{second.ID}}
			if l := w.each(from(1), after(second), says("sack 1 {"), func(f *Frame) bool { return f.Ack > second.Seq }); len(l) > 0 {
				o.Choice, o.Frames = 2, append(o.Frames, l[0].ID)
			}
			if l := w.heard(1, "something else than was written"); len(l) > 0 {
				o.Choice, o.Lines = 0, l
			}
			return o
		},
	},
}

// heardBefore returns the lines of a host that contain a text, up to when a frame was sent.
func (w *World) heardBefore(f *Frame, host int, text string) (list []int) {
	for _, i := range w.heard(host, text) {
		if w.lines[i].At < f.Sent {
			list = append(list, i)
		}
	}
	return list
}
