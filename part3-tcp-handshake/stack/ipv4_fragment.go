package stack

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

const (
	// reassemblyTimeout is how long the fragments of a datagram wait for each
	// other. "The reassembly timeout value SHOULD be a fixed value, not set from
	// the remaining TTL. It is recommended that the value lie between 60 seconds
	// and 120 seconds." (RFC 1122 3.3.2)
	reassemblyTimeout = 60 * time.Second

	// maxReassemblies bounds the datagrams that are being put together. Each costs
	// at most 64 kB and what slices grow in advance, so all of them less than 5 MB,
	// whatever a peer sends.
	maxReassemblies = 64

	// maxFragmentUnits is how many units of 8 bytes a datagram can have.
	maxFragmentUnits = (ipv4MaxLen + fragmentUnit - 1) / fragmentUnit
)

// Reasons why fragments are dropped.
var (
	errFragmentLength  = newDropReason("IPv4: fragment is empty, or its length is no multiple of 8")
	errFragmentBeyond  = newDropReason("IPv4: fragment reaches beyond 65,535 bytes")
	errFragmentOverlap = newDropReason("IPv4: fragment contradicts another one")
	errFragmentAgain   = newDropReason("IPv4: fragment is there already")
	errFragmentTimeout = newDropReason("IPv4: the other fragments never came")
	errFragmentRoom    = newDropReason("IPv4: too many datagrams in pieces: the oldest goes")
)

// fragmentKey is what the fragments of one datagram have in common (RFC 791 3.2).
type fragmentKey struct {
	src, dst netip.Addr
	protocol uint8
	id       uint16
}

// reassembly is a datagram that is being put together.
type reassembly struct {
	key   fragmentKey
	begun uint64
	timer *timer

	header ipv4Header // of the fragment with offset 0, once that has come
	data   []byte     // the payload, with holes
	have   [maxFragmentUnits/64 + 1]uint64
	units  int  // how many are there
	total  int  // the payload's length, once the last fragment has come; 0 before
	dead   bool // two fragments contradicted each other: take no more
}

// receiveFragment puts a fragment where it belongs. When it was the last one
// that was missing, the datagram goes on its way up.
func (s *Stack) receiveFragment(h *ipv4Header, payload []byte) error {
	switch {
	case len(payload) == 0, h.moreFragments && len(payload)%fragmentUnit != 0:
		return errFragmentLength
	case h.headerLen()+h.offset+len(payload) > ipv4MaxLen:
		return errFragmentBeyond
	}
	r := s.reassemblyFor(fragmentKey{h.src, h.dst, h.protocol, h.id})
	if err := r.add(h, payload); err != nil {
		return err
	}
	if !r.complete() {
		return nil
	}
	payload = r.data
	s.endReassembly(r)
	return s.receiveDatagram(&r.header, payload)
}

// reassemblyFor returns the datagram that the key's fragments belong to. It
// begins one if there is none, and lets the oldest go if there are too many.
func (s *Stack) reassemblyFor(key fragmentKey) *reassembly {
	r := s.ipv4.reassemblies[key]
	if r != nil {
		return r
	}
	var room []byte
	if len(s.ipv4.reassemblies) >= maxReassemblies {
		s.drop(errFragmentRoom)
		oldest := s.oldestReassembly()
		room = oldest.data[:0] // used again, or a flood would keep the collector busy
		s.endReassembly(oldest)
	}
	s.ipv4.begun++
	r = &reassembly{key: key, begun: s.ipv4.begun, data: room}
	r.timer = newTimer(&s.mu, func() { s.reassemblyTimedOut(r) })
	r.timer.start(reassemblyTimeout)
	s.ipv4.reassemblies[key] = r
	return r
}

func (s *Stack) oldestReassembly() *reassembly {
	var oldest *reassembly
	for _, r := range s.ipv4.reassemblies {
		if oldest == nil || r.begun < oldest.begun {
			oldest = r
		}
	}
	return oldest
}

// endReassembly forgets r. Its data go at once: the runtime may hold on to a
// stopped timer, and with it to r, for a while.
func (s *Stack) endReassembly(r *reassembly) {
	r.timer.stop()
	r.data = nil
	delete(s.ipv4.reassemblies, r.key)
}

// reassemblyTimedOut gives up. "If fragment zero is not available then no time
// exceeded need be sent at all." (RFC 792)
func (s *Stack) reassemblyTimedOut(r *reassembly) {
	s.endReassembly(r)
	if r.dead {
		return // dropped and counted before
	}
	s.drop(errFragmentTimeout)
	if r.header.datagram != nil {
		s.sendTimeExceeded(&r.header)
	}
}

// add enters a fragment. One that only repeats what is there changes nothing: the network
// may duplicate it. Any other overlap is an attempt to make two hosts see two different
// datagrams, so none of it is believed (RFC 5722 does the same in IPv6, where overlaps are
// forbidden).
func (r *reassembly) add(h *ipv4Header, payload []byte) error {
	end := h.offset + len(payload)
	first, last := h.offset/fragmentUnit, (end-1)/fragmentUnit
	already := r.count(first, last)
	repeats := already == last-first+1 && end <= len(r.data) && bytes.Equal(r.data[h.offset:end], payload) &&
		(h.moreFragments || end == r.total)
	contradicts := already > 0 || // other bytes for the same place
		r.total > 0 && end > r.total || // something after the end
		!h.moreFragments && end < len(r.data) // an end before something
	switch {
	case r.dead:
		return errFragmentOverlap
	case repeats:
		return errFragmentAgain
	case contradicts:
		r.dead, r.data = true, nil
		return errFragmentOverlap
	}
	if !h.moreFragments {
		r.total = end
	}
	if h.offset == 0 {
		// What is to be quoted must be kept: b, which it lies in, is used again.
		r.header = *h
		r.header.datagram = bytes.Clone(h.datagram[:min(len(h.datagram), h.headerLen()+8)])
		r.header.options = r.header.datagram[ipv4MinHeaderLen:h.headerLen()]
	}
	r.store(h.offset, payload)
	for unit := first; unit <= last; unit++ {
		r.have[unit/64] |= 1 << (unit % 64)
	}
	r.units += last - first + 1
	return nil
}

// store copies a piece of the payload to its place. The holes before it hold
// anything: have says what is there.
func (r *reassembly) store(offset int, payload []byte) {
	if end := offset + len(payload); end > len(r.data) {
		r.data = slices.Grow(r.data, end-len(r.data))[:end]
	}
	copy(r.data[offset:], payload)
}

// count returns how many of the units first to last are there.
func (r *reassembly) count(first, last int) int {
	n := 0
	for unit := first; unit <= last; unit++ {
		n += int(r.have[unit/64] >> (unit % 64) & 1)
	}
	return n
}

// complete reports whether all units of the payload are there.
func (r *reassembly) complete() bool {
	return r.total > 0 && r.units == (r.total+fragmentUnit-1)/fragmentUnit
}

// sendFragments cuts a datagram that is longer than the MTU into pieces that fit
// (RFC 791 2.3 and 3.2). Each becomes a datagram of its own with the same
// Identification, the offset of its piece, and, but for the last, the flag MF.
func (s *Stack) sendFragments(h ipv4Header, nextHop netip.Addr, p *packet, mtu int) error {
	defer s.freePacket(p)
	rest := p.bytes()
	switch {
	case h.dontFragment:
		return fmt.Errorf("%d bytes do not fit into an MTU of %d: %w", h.headerLen()+len(rest), mtu, syscall.EMSGSIZE)
	case h.headerLen()+len(rest) > ipv4MaxLen:
		return fmt.Errorf("%d bytes do not fit into a datagram: %w", h.headerLen()+len(rest), syscall.EMSGSIZE)
	}
	for len(rest) > 0 {
		// "The data of the long datagram is divided into two portions on a 8 octet
		// (64 bit) boundary" (RFC 791 2.3): all but the last are multiples of 8. An
		// MTU below minMTU, in which that might come to nothing, is not believed.
		n := max(mtu, minMTU) - h.headerLen()
		n -= n % fragmentUnit
		h.moreFragments = n < len(rest)
		n = min(n, len(rest))
		piece := s.newPacket(n)
		copy(piece.bytes(), rest)
		s.sendDatagram(&h, nextHop, piece)
		rest = rest[n:]
		h.offset += n
		h.options = copiedOptions(h.options)
	}
	return nil
}

// ReassemblyInfo is a datagram of which some fragments have come.
type ReassemblyInfo struct {
	Source         netip.Addr    `json:"source"`
	Destination    netip.Addr    `json:"destination"`
	Protocol       uint8         `json:"protocol"`
	Identification uint16        `json:"identification"`
	Have           int           `json:"have"`    // bytes of the payload that are there, in units of 8
	Total          int           `json:"total"`   // bytes of the payload, once the last fragment has come; else 0
	Left           time.Duration `json:"left_ns"` // until it is given up
}

func (s *Stack) reassemblyInfo() []ReassemblyInfo {
	all := make([]ReassemblyInfo, 0, len(s.ipv4.reassemblies))
	older := func(a, b *reassembly) int { return cmp.Compare(a.begun, b.begun) }
	for _, r := range slices.SortedFunc(maps.Values(s.ipv4.reassemblies), older) {
		all = append(all, ReassemblyInfo{
			Source: r.key.src, Destination: r.key.dst, Protocol: r.key.protocol, Identification: r.key.id,
			Have: r.units * fragmentUnit, Total: r.total, Left: r.timer.left(),
		})
	}
	return all
}
