package stack

import (
	"fmt"
	"time"
)

// connTimer is one of the things that a connection waits for.
type connTimer int

const (
	timerDelayedACK    connTimer = iota // an acknowledgment is due
	timerOverride                       // a silly window has been waited for long enough
	timerOrphan                         // the user has closed, and the peer has not
	timerReadDeadline                   // SetReadDeadline
	timerWriteDeadline                  // SetWriteDeadline
	timerLinger                         // SetLinger
	timerLossProbe                      // the last segments have had time enough
	timerRetransmit                     // there is no answer
	timerReorder                        // a segment that was overtaken has had time enough
	timerPace                           // the next segment may be sent
	timerKeepAlive                      // there has been silence for long
	connTimers                          // how many there are
)

// timerNames are the names of the timers, in their order, as Info and events have them.
var timerNames = [connTimers]string{
	"delayed ACK", "override", "orphan", "read deadline", "write deadline", "linger",
	"loss probe", "retransmission", "reordering", "pacing", "keep-alive",
}

// TimerInfo is a timer that runs.
type TimerInfo struct {
	Name string        `json:"name"`
	Left time.Duration `json:"left_ns"` // until it fires
}

// TimerFired is the event that a connection's timer has fired. The trace does not have it.
type TimerFired struct {
	ConnID
	Timer string `json:"timer"` // the name that it has in TimerInfo
}

func (e TimerFired) String() string {
	return fmt.Sprintf("TCP %v: the timer %q fires", e.ConnID, e.Timer)
}

func (c *Conn) timerInfo() []TimerInfo {
	all, now := []TimerInfo{}, c.s.clock()
	for which, due := range c.timers.due {
		if due != 0 {
			all = append(all, TimerInfo{timerNames[which], max(0, due-now)})
		}
	}
	return all
}

// timerSet is all timers of a connection. They share one alarm, which is set for the
// earliest. It is not set back when that one is stopped: timers are stopped far more
// often than they fire, and an alarm in vain costs less than setting it each time.
type timerSet struct {
	due   [connTimers]time.Duration // by the stack's clock; 0: stopped
	next  time.Duration             // what the alarm is set for; 0: nothing
	alarm timer
}

// maxTimer is the longest that a timer can be set for: what never comes must not
// overflow.
const maxTimer = 100 * 365 * 24 * time.Hour

// clock is the time since the stack began. It is never 0.
func (s *Stack) clock() time.Duration { return time.Since(s.tcp.began) + 1 }

// timerTick is what the protocol's timers are rounded up to, by the clock on the wall, so
// that they fire together rather than one right after the other.
const timerTick = 8 * time.Microsecond

func (s *Stack) roundUp(due time.Duration) time.Duration {
	over := time.Duration(s.tcp.began.Add(due).UnixNano()) % timerTick
	if over == 0 {
		return due
	}
	return due + timerTick - over
}

// startTimer lets a timer fire d from now. If it was running, it starts anew.
func (c *Conn) startTimer(which connTimer, d time.Duration) {
	t := &c.timers
	now := c.s.clock()
	t.due[which] = now + min(max(d, 0), maxTimer)
	switch which {
	case timerReadDeadline, timerWriteDeadline, timerLinger: // these are as exact as the user says
	default:
		t.due[which] = c.s.roundUp(t.due[which])
	}
	if t.next == 0 || t.due[which] < t.next {
		c.setAlarm(now, t.due[which])
	}
}

// stopTimer makes sure that a timer does not fire.
func (c *Conn) stopTimer(which connTimer) { c.timers.due[which] = 0 }

// runs reports whether a timer is running.
func (c *Conn) runs(which connTimer) bool { return c.timers.due[which] != 0 }

// stopTimers stops all of them.
func (c *Conn) stopTimers() {
	c.timers.due, c.timers.next = [connTimers]time.Duration{}, 0
	c.timers.alarm.stop()
}

func (c *Conn) setAlarm(now, due time.Duration) {
	t := &c.timers
	if t.alarm.f == nil {
		t.alarm = timer{mu: &c.s.mu, f: c.alarmed}
	}
	t.next = due
	t.alarm.start(due - now)
}

// alarmed fires the timers that are due, and sets the alarm for those that are not.
func (c *Conn) alarmed() {
	t := &c.timers
	t.next = 0
	now := c.s.clock()
	for which, due := range t.due {
		if due != 0 && due <= now && t.due[which] == due {
			t.due[which] = 0
			c.fire(connTimer(which))
		}
	}
	next := time.Duration(0)
	for _, due := range t.due {
		if due != 0 && (next == 0 || due < next) {
			next = due
		}
	}
	if next != 0 {
		c.setAlarm(now, next)
	}
}

// fire does what a timer has been waiting for.
func (c *Conn) fire(which connTimer) {
	if c.s.observer != nil {
		c.s.observer(TimerFired{c.s.connID(c.key), timerNames[which]})
	}
	switch which {
	case timerDelayedACK:
		c.sendACK()
	case timerOverride:
		c.overrideSillyWindow()
	case timerOrphan:
		c.remove(errOrphan)
	case timerReadDeadline:
		c.rcv.late = true
		c.rcv.ready.Broadcast()
	case timerWriteDeadline:
		c.snd.late = true
		c.snd.ready.Broadcast()
	case timerLinger:
		c.abort(errAborted)
	case timerRetransmit:
		c.retransmitTimeout()
	case timerReorder:
		c.reorderTimeout()
	case timerLossProbe:
		c.probeTail()
	case timerPace:
		c.output()
	case timerKeepAlive:
		c.keepAliveTimeout()
	}
}
