package stack

import (
	"container/list"
	"time"
)

const (
	// timeWaitLen is how long TIME-WAIT lasts: two maximum segment lifetimes, MSL. "For
	// this specification the MSL is taken to be 2 minutes. This is an engineering choice,
	// and may be changed if experience indicates it is desirable to do so" (RFC 9293
	// 3.4.2). Like other stacks of today we take 30 seconds for one.
	timeWaitLen = 60 * time.Second

	// maxTimeWait bounds the connections in TIME-WAIT, some 200 bytes each. When there
	// are more, the oldest ends early, although it "MUST linger in the TIME-WAIT state
	// for a time 2xMSL" (3.6.1, MUST-13): memory has an end.
	maxTimeWait = 16384
)

// timeWait is what is left of a connection in TIME-WAIT: the two things that the state
// is for. The last ACK can be sent again if it was lost, and the numbers of the old
// connection are known if a new one with the same addresses and ports begins.
type timeWait struct {
	key    connKey
	sndNxt seqNum    // SND.NXT
	rcvNxt seqNum    // RCV.NXT
	rcvWnd uint16    // RCV.WND, as the peer was told last
	until  time.Time // when it ends
	place  *list.Element
}

func (t *timeWait) info(s *Stack) ConnInfo {
	return ConnInfo{
		ConnID: s.connID(t.key), State: string(stateTimeWait),
		Snd:    SndInfo{UNA: uint32(t.sndNxt), NXT: uint32(t.sndNxt)},
		Rcv:    RcvInfo{NXT: uint32(t.rcvNxt), WND: int(t.rcvWnd)},
		Timers: []TimerInfo{{"time-wait", max(0, time.Until(t.until))}},
	}
}

// timeWaitTable holds all connections in TIME-WAIT.
type timeWaitTable struct {
	conns map[connKey]*timeWait
	queue list.List // the next one to end first
	timer *timer
}

func (s *Stack) initTimeWait() {
	s.tcp.timeWait.conns = make(map[connKey]*timeWait)
	s.tcp.timeWait.timer = newTimer(&s.mu, s.endTimeWaits)
}

func (s *Stack) closeTimeWait() {
	s.tcp.timeWait.timer.stop()
	clear(s.tcp.timeWait.conns)
	s.tcp.timeWait.queue.Init()
}

// enterTimeWait ends the connection, but for what TIME-WAIT needs. The user can still
// read what there is.
func (c *Conn) enterTimeWait() {
	s := c.s
	if c.rcv.ackNow {
		c.sendACK() // of the FIN: at the end of the batch it is too late for that
	}
	if s.tcp.timeWait.queue.Len() >= maxTimeWait {
		s.forgetTimeWait(s.tcp.timeWait.queue.Front().Value.(*timeWait))
	}
	c.s.forgetConn(c)
	c.release()
	t := &timeWait{key: c.key, sndNxt: c.snd.nxt, rcvNxt: c.rcv.nxt, rcvWnd: c.window(flagACK)}
	s.tcp.timeWait.conns[c.key] = t
	t.place = s.tcp.timeWait.queue.PushBack(t)
	s.startTimeWait(t)
	c.setState(stateTimeWait)
}

// startTimeWait starts the time-wait timer, or starts it again.
func (s *Stack) startTimeWait(t *timeWait) {
	t.until = time.Now().Add(timeWaitLen)
	s.tcp.timeWait.queue.MoveToBack(t.place)
	if s.tcp.timeWait.queue.Len() == 1 {
		s.tcp.timeWait.timer.start(timeWaitLen)
	}
}

// endTimeWaits ends those whose time is over, as many as there may be frames in a batch.
// The rest is for the next time, which is now or when the first one's time is over.
func (s *Stack) endTimeWaits() {
	now := time.Now()
	for range maxBatch {
		e := s.tcp.timeWait.queue.Front()
		if e == nil || now.Before(e.Value.(*timeWait).until) {
			break
		}
		s.forgetTimeWait(e.Value.(*timeWait))
	}
	if e := s.tcp.timeWait.queue.Front(); e != nil {
		s.tcp.timeWait.timer.start(e.Value.(*timeWait).until.Sub(now))
	}
}

// endTimeWait ends what an older connection with the same addresses and ports left.
func (s *Stack) endTimeWait(key connKey) {
	if t := s.tcp.timeWait.conns[key]; t != nil {
		s.forgetTimeWait(t)
	}
}

func (s *Stack) forgetTimeWait(t *timeWait) {
	if s.tcp.conns[t.key] == nil && s.observed() { // otherwise a new connection has the name by now
		s.tell(ConnState{ConnID: s.connID(t.key), From: string(stateTimeWait), To: string(stateClosed)})
	}
	delete(s.tcp.timeWait.conns, t.key)
	s.tcp.timeWait.queue.Remove(t.place)
}

// arrivesInTimeWait is SEGMENT ARRIVES of RFC 9293 3.10.7.4 for TIME-WAIT. After the peer's
// FIN there is nothing left to receive.
func (s *Stack) arrivesInTimeWait(t *timeWait, seg *segment) error {
	l := s.tcp.listeners[t.key.localPort]
	switch {
	case seg.has(flagRST):
		if seg.seq == t.rcvNxt {
			s.forgetTimeWait(t) // "then enter the CLOSED state"
			return nil
		}
		return errTCPRST
	case seg.has(flagSYN) && !seg.has(flagACK) && t.isOlder(seg) && l != nil:
		// "It MAY accept a new SYN from the remote TCP endpoint to reopen the connection
		// directly from TIME-WAIT state" (3.6.1, MAY-2), if that is no old one. What we
		// know stays until that one is ESTABLISHED: if the SYN was an old one after all,
		// it is reset, and this is TIME-WAIT again.
		return l.segmentArrives(t.key, seg)
	case seg.has(flagACK) && l != nil && l.isCookie(t.key, seg):
		return l.openByCookie(t.key, seg)
	case seg.len() == 0:
		return errTCPWindow // answering it could go on forever
	case seg.has(flagFIN) && seg.seq.add(seg.len()) == t.rcvNxt:
		// "The only thing that can arrive in this state is a retransmission of the remote
		// FIN. Acknowledge it, and restart the 2 MSL timeout."
		s.startTimeWait(t)
		s.answerInTimeWait(t)
		return nil
	}
	s.answerInTimeWait(t)
	return errTCPWindow
}

// isOlder reports whether a SYN must be newer than all segments of the old connection.
func (t *timeWait) isOlder(syn *segment) bool {
	return t.rcvNxt.less(syn.seq)
}

func (s *Stack) answerInTimeWait(t *timeWait) {
	seg := segment{seq: t.sndNxt, ack: t.rcvNxt, flags: flagACK, wnd: t.rcvWnd}
	s.sendSegment(t.key, seg, s.newPacket(0))
}

// aheadOfTimeWait returns iss, or a number that is larger than those of the old
// connection, if it is not over: MAY-2 asks for that.
func (s *Stack) aheadOfTimeWait(key connKey, iss seqNum) seqNum {
	if t := s.tcp.timeWait.conns[key]; t != nil && iss.leq(t.sndNxt) {
		return t.sndNxt + seqNum(s.random32()>>8) + 1
	}
	return iss
}
