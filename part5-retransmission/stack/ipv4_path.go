package stack

import (
	"fmt"
	"net/netip"
	"time"
)

const (
	// minPathMTU is the smallest that we make use of: a forged smaller one would have us
	// send a datagram for every few bytes (RFC 5927 7; Linux takes the same number). There
	// are such paths, as a link need take no more than 68 bytes (RFC 791 3.2); on them the
	// routers cut our datagrams.
	minPathMTU = 552

	// pathMTULife is how long we believe it: "An attempt to detect an increase ... MUST
	// NOT be done less than 5 minutes after a Datagram Too Big message has been received
	// ... We recommend setting these timers at twice their minimum values" (RFC 1191 3).
	pathMTULife = 10 * time.Minute

	// maxPaths bounds the table. When it is full, it is emptied: a path's MTU is learnt
	// again with the next datagram.
	maxPaths = 256

	// maxPathSteps bounds how often a path's MTU gets smaller in its life. Each time, all
	// that is on its way is sent again: an attacker who takes a byte off again and again
	// would have us send it a thousand times. After so many the smallest is taken at once.
	maxPathSteps = 8
)

// pathMTU is what is known of the way to a host: the largest datagram that gets there.
type pathMTU struct {
	mtu   int
	steps int  // how often it got smaller
	cut   bool // the path takes less: datagrams may be cut
	until time.Time
}

// mtuTo returns the largest datagram that may be sent to dst, in bytes.
func (s *Stack) mtuTo(dst netip.Addr) int {
	if len(s.ipv4.paths) == 0 { // which is nearly always so, and this is called for each segment
		return s.mtu
	}
	path, known := s.ipv4.paths[dst]
	if !known || time.Now().After(path.until) {
		return s.mtu
	}
	return min(path.mtu, s.mtu)
}

// mayCut reports whether datagrams to dst are to be cut where the path is narrow.
func (s *Stack) mayCut(dst netip.Addr) bool {
	if len(s.ipv4.paths) == 0 {
		return false
	}
	path := s.ipv4.paths[dst]
	return path.cut && !time.Now().After(path.until)
}

// PathMTU is the event that a router has said how large a datagram to a host may be.
type PathMTU struct {
	Destination netip.Addr `json:"destination"`
	MTU         int        `json:"mtu"` // bytes
}

func (e PathMTU) String() string {
	return fmt.Sprintf("IPv4 %v: the path takes %d bytes", e.Destination, e.MTU)
}

// learnPathMTU notes that a datagram of this length was too large for the path to dst, and
// what would fit.
func (s *Stack) learnPathMTU(dst netip.Addr, length, mtu int) {
	if mtu == 0 { // an old router, which does not say
		mtu = plateauBelow(length)
	}
	cut := mtu < minPathMTU
	if mtu >= s.mtuTo(dst) || cut && s.mayCut(dst) {
		return
	}
	if s.ipv4.paths == nil || len(s.ipv4.paths) >= maxPaths {
		s.ipv4.paths = make(map[netip.Addr]pathMTU)
	}
	steps := 1
	if path := s.ipv4.paths[dst]; time.Now().Before(path.until) {
		steps = path.steps + 1
	}
	if s.observed() {
		s.tell(PathMTU{dst, mtu})
	}
	if steps > maxPathSteps {
		mtu = minPathMTU
	}
	s.ipv4.paths[dst] = pathMTU{max(mtu, minPathMTU), steps, cut, time.Now().Add(pathMTULife)}
}

// plateaus are the MTUs that networks usually have (RFC 1191 7.1).
var plateaus = []int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

func plateauBelow(length int) int {
	for _, mtu := range plateaus {
		if mtu < length {
			return mtu
		}
	}
	return minPathMTU
}

// negativeAdvice is what a transport says when nothing comes back from a host: the next hop
// may be gone (RFC 1122 3.3.1.4). It is asked whether it is still there.
func (s *Stack) negativeAdvice(dst netip.Addr) {
	if nextHop, err := s.nextHop(dst); err == nil {
		s.doubt(nextHop)
	}
}
