package stack

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	// arpTimeout is how long a neighbour is believed without being heard, because
	// an address may move to another card at any time: "on the order of a minute"
	// (RFC 1122 2.3.2.1).
	arpTimeout = 60 * time.Second

	// arpMaxKnown bounds the neighbours with a known MAC address. Any host on the link can
	// make up as many as it likes.
	arpMaxKnown = 512

	// arpMaxAsked bounds the neighbours that have not answered yet. They are counted by
	// themselves: a host that makes us ask for addresses that no one has must not be able
	// to push out those that we know. A link whose prefix has 24 bits has no more than
	// that.
	arpMaxAsked = 256
)

// neighbourState is what we know of a neighbour, in the words of "ip neigh".
type neighbourState string

const (
	neighbourNone       neighbourState = "NONE"       // not in the table
	neighbourIncomplete neighbourState = "INCOMPLETE" // asked, and not answered yet
	neighbourReachable  neighbourState = "REACHABLE"  // it told its MAC within arpTimeout
	neighbourProbe      neighbourState = "PROBE"      // known and in use, and asked to confirm
	neighbourFailed     neighbourState = "FAILED"     // never answered; out of the table again
)

// neighbour is a row of the translation table: a host on our link.
type neighbour struct {
	ip    netip.Addr
	mac   MAC // valid in REACHABLE and PROBE
	state neighbourState
	timer *timer // to ask again, to give up, to grow old

	heard uint64    // when it last told its MAC, by arpTable.clock
	told  time.Time // the same, by the clock on the wall
	used  uint64    // when we last had something for it; 0: never
	asked int       // questions since it was last heard

	waiting []waitingPacket
	failed  error // why it cannot be reached, once it is out of the table
}

// arpTable is the translation table of RFC 826.
type arpTable struct {
	neighbours map[netip.Addr]*neighbour
	clock      uint64    // counts what happens, to know what was last
	asking     int       // neighbours in INCOMPLETE
	waiting    int       // packets that wait, over all neighbours
	changed    sync.Cond // signalled when a question is answered or given up

	announcer *timer
	announced int       // announcements sent
	defended  time.Time // when we last defended our address
}

func (s *Stack) initARP() {
	s.arp.neighbours = make(map[netip.Addr]*neighbour)
	s.arp.changed.L = &s.mu
	s.arp.announcer = newTimer(&s.mu, s.announce)
}

func (s *Stack) closeARP() {
	s.arp.announcer.stop()
	for _, n := range s.arp.neighbours {
		s.removeNeighbour(n, neighbourNone, errClosed)
	}
}

// tick returns the next moment of a clock that has no unit but only an order.
func (t *arpTable) tick() uint64 {
	t.clock++
	return t.clock
}

// mergeNeighbour notes that ip told its MAC, if ip is in the table. It returns
// RFC 826's Merge_flag: whether it was.
func (s *Stack) mergeNeighbour(ip netip.Addr, mac MAC) bool {
	n := s.arp.neighbours[ip]
	if n == nil {
		return false
	}
	if n.state == neighbourIncomplete {
		s.makeRoom()
	}
	s.heardFrom(n, mac)
	return true
}

// addNeighbour adds a neighbour that told us its MAC although we did not ask.
// It never pushes out another one: when the table is full, the newcomer is left
// out, and we will ask if we need it.
func (s *Stack) addNeighbour(ip netip.Addr, mac MAC) {
	if len(s.arp.neighbours)-s.arp.asking >= arpMaxKnown {
		s.drop(errARPTableFull)
		return
	}
	s.heardFrom(s.newNeighbour(ip), mac)
}

func (s *Stack) newNeighbour(ip netip.Addr) *neighbour {
	n := &neighbour{ip: ip, state: neighbourNone}
	n.timer = newTimer(&s.mu, func() { s.neighbourTimeout(n) })
	s.arp.neighbours[ip] = n
	return n
}

// heardFrom notes n's MAC and sends what has waited for it.
func (s *Stack) heardFrom(n *neighbour, mac MAC) {
	s.setState(n, neighbourReachable)
	if n.mac != mac && s.observed() {
		s.tell(NeighbourMAC{n.ip, mac})
	}
	n.mac, n.asked, n.heard, n.told = mac, 0, s.arp.tick(), time.Now()
	n.timer.start(arpTimeout)
	s.sendWaiting(n)
	s.arp.changed.Broadcast()
}

// neighbourTimeout is called when a neighbour was not heard for as long as its
// state allows.
func (s *Stack) neighbourTimeout(n *neighbour) {
	switch {
	case n.used < n.heard: // old, and not needed
		s.removeNeighbour(n, neighbourNone, nil)
	case n.asked < arpQuestions:
		s.ask(n)
	default:
		s.removeNeighbour(n, neighbourFailed, errARPNoAnswer)
	}
}

// removeNeighbour takes n out of the table. What waits for it, packets and
// callers of Resolve, gets the reason.
func (s *Stack) removeNeighbour(n *neighbour, state neighbourState, reason error) {
	s.setState(n, state)
	n.failed = reason
	n.timer.stop()
	delete(s.arp.neighbours, n.ip)
	s.arp.changed.Broadcast()
	s.dropWaiting(n, reason) // last: the senders may use the table
}

// setState changes n's state and keeps count of the unanswered questions.
func (s *Stack) setState(n *neighbour, state neighbourState) {
	if n.state != state && s.observed() && !s.closed {
		s.tell(NeighbourState{n.ip, string(n.state), string(state)})
	}
	if n.state == neighbourIncomplete {
		s.arp.asking--
	}
	if state == neighbourIncomplete {
		s.arp.asking++
	}
	n.state = state
}

// makeRoom makes sure that there is room for one more neighbour with a known MAC. The one
// that we have not used for the longest time, or never, goes.
func (s *Stack) makeRoom() {
	if len(s.arp.neighbours)-s.arp.asking < arpMaxKnown {
		return
	}
	var least *neighbour
	for _, n := range s.arp.neighbours {
		if n.state != neighbourIncomplete && (least == nil || n.before(least)) {
			least = n
		}
	}
	s.removeNeighbour(least, neighbourNone, nil)
}

// before reports whether n is to go before other: because its last use or, if
// both were never used, its last sign of life is longer ago.
func (n *neighbour) before(other *neighbour) bool {
	if n.used != other.used {
		return n.used < other.used
	}
	return n.heard < other.heard
}

// NeighbourInfo is a row of the ARP table.
type NeighbourInfo struct {
	IP      netip.Addr    `json:"ip"`
	MAC     MAC           `json:"mac"`     // all zeros as long as it has not answered
	State   string        `json:"state"`   // INCOMPLETE, REACHABLE or PROBE, as in "ip neigh"
	Age     time.Duration `json:"age_ns"`  // since it last told its MAC address; 0 if it never has
	Left    time.Duration `json:"left_ns"` // until it is asked again, given up or forgotten
	Asked   int           `json:"asked"`   // questions since it last told its MAC address
	Waiting int           `json:"waiting"` // packets that wait for its answer
}

func (s *Stack) neighbourInfo() []NeighbourInfo {
	all := make([]NeighbourInfo, 0, len(s.arp.neighbours))
	for _, n := range s.arp.neighbours {
		row := NeighbourInfo{IP: n.ip, MAC: n.mac, State: string(n.state), Left: n.timer.left(), Asked: n.asked, Waiting: len(n.waiting)}
		if !n.told.IsZero() {
			row.Age = time.Since(n.told)
		}
		all = append(all, row)
	}
	return all
}

// NeighbourState is the event that a neighbour's row in the ARP table has changed its state.
type NeighbourState struct {
	IP   netip.Addr `json:"ip"`
	From string     `json:"from"` // in the words of "ip neigh"; NONE and FAILED are not in the table
	To   string     `json:"to"`
}

func (e NeighbourState) String() string { return fmt.Sprintf("ARP: %v: %s -> %s", e.IP, e.From, e.To) }

// NeighbourMAC is the event that a neighbour has told its MAC address, and it is a new one.
type NeighbourMAC struct {
	IP  netip.Addr `json:"ip"`
	MAC MAC        `json:"mac"`
}

func (e NeighbourMAC) String() string { return fmt.Sprintf("ARP: %v is at %v", e.IP, e.MAC) }
