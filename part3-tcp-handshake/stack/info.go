package stack

import (
	"cmp"
	"net/netip"
	"slices"
)

// Info is what a stack tells of itself: a copy, which stays as it is. Durations are in
// nanoseconds in JSON.
type Info struct {
	MAC MAC          `json:"mac"`
	IP  netip.Prefix `json:"ip"`  // its address, and how many of its bits all hosts on the link share
	MTU int          `json:"mtu"` // the longest payload of a frame, in bytes

	Frames     FrameInfo       `json:"frames"`
	Neighbours []NeighbourInfo `json:"neighbours"` // by address

	Gateway      netip.Addr       `json:"gateway"`      // next hop for what is off the link; not valid: there is none
	Reassemblies []ReassemblyInfo `json:"reassemblies"` // datagrams that are being put together, the oldest first

	Listeners   []ListenerInfo `json:"listeners"`   // by port
	Connections []ConnInfo     `json:"connections"` // by the peer's address and port, and ours
}

// FrameInfo counts what has passed since the stack began.
type FrameInfo struct {
	Received uint64      `json:"received"` // frames that the device had for us
	Sent     uint64      `json:"sent"`     // frames that the device took
	Dropped  []DropCount `json:"dropped"`  // by reason
}

// DropCount is how many frames, or packets, were dropped for a reason.
type DropCount struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

// Info returns what the stack is, what it knows, and what has passed through it.
func (s *Stack) Info() Info {
	s.mu.Lock()
	info := Info{
		MAC: s.mac, IP: s.ip, MTU: s.mtu, Frames: s.frameInfo(), Neighbours: s.neighbourInfo(),
		Gateway: s.ipv4.gateway, Reassemblies: s.reassemblyInfo(), Listeners: s.listenerInfo(),
	}
	s.mu.Unlock() // what is slow need not be done under the lock
	info.Connections = s.connInfo()
	slices.SortFunc(info.Frames.Dropped, func(a, b DropCount) int { return cmp.Compare(a.Reason, b.Reason) })
	slices.SortFunc(info.Neighbours, func(a, b NeighbourInfo) int { return a.IP.Compare(b.IP) })
	return info
}

func (s *Stack) frameInfo() FrameInfo {
	f := FrameInfo{Received: s.received, Sent: s.sent, Dropped: make([]DropCount, 0, len(s.dropped))}
	for reason, n := range s.dropped {
		f.Dropped = append(f.Dropped, DropCount{reason.String(), n})
	}
	return f
}
