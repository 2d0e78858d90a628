package stack

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
)

// ListenerInfo is a port on which somebody listens.
type ListenerInfo struct {
	Port     uint16 `json:"port"`
	HalfOpen int    `json:"half_open"` // connections in SYN-RECEIVED
	Ready    int    `json:"ready"`     // connections that wait to be accepted
}

func (s *Stack) listenerInfo() []ListenerInfo {
	all := make([]ListenerInfo, 0, len(s.tcp.listeners))
	for _, port := range slices.Sorted(maps.Keys(s.tcp.listeners)) {
		l := s.tcp.listeners[port]
		all = append(all, ListenerInfo{Port: port, HalfOpen: len(l.halfOpen), Ready: len(l.ready)})
	}
	return all
}

// ConnID is what tells connections from each other: the addresses and ports of both ends.
type ConnID struct {
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
}

func (id ConnID) String() string { return fmt.Sprintf("%v - %v", id.Local, id.Remote) }

// ConnInfo is a connection's TCB, with the RFC's names: Snd.UNA is SND.UNA. Sequence numbers
// are as they are in segments; less Snd.ISS, or Rcv.IRS, they count from the beginning of the
// stream.
type ConnInfo struct {
	ConnID
	State string  `json:"state"` // as in RFC 9293 3.3.2
	Snd   SndInfo `json:"snd"`
	Rcv   RcvInfo `json:"rcv"`
}

// SndInfo is what we know of the stream that we send.
type SndInfo struct {
	UNA    uint32 `json:"una"`     // the oldest number that is not acknowledged
	NXT    uint32 `json:"nxt"`     // the next one to be sent
	WND    int    `json:"wnd"`     // how many the peer takes, from UNA on, in bytes
	WL1    uint32 `json:"wl1"`     // SEG.SEQ of the segment that last changed WND
	WL2    uint32 `json:"wl2"`     // SEG.ACK of that segment
	ISS    uint32 `json:"iss"`     // the initial one
	MaxWND int    `json:"max_wnd"` // the largest WND that there was, in bytes
	Shift  uint8  `json:"shift"`   // by how many bits the peer's windows are scaled
	MSS    int    `json:"mss"`     // the largest segment that the peer takes, in bytes of data
}

// RcvInfo is what we know of the stream that we receive.
type RcvInfo struct {
	NXT   uint32 `json:"nxt"`   // the next number that we expect
	WND   int    `json:"wnd"`   // how many we take, from NXT on, in bytes
	IRS   uint32 `json:"irs"`   // the initial one
	Shift uint8  `json:"shift"` // by how many bits our windows are scaled
}

// Info is the RFC's STATUS call (3.10.6): it returns the variables of the TCB.
func (c *Conn) Info() ConnInfo {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.info()
}

func (c *Conn) info() ConnInfo {
	return ConnInfo{
		ConnID: c.s.connID(c.key), State: string(c.state),
		Snd: SndInfo{
			UNA: uint32(c.snd.una), NXT: uint32(c.snd.nxt), WND: c.snd.wnd, WL1: uint32(c.snd.wl1), WL2: uint32(c.snd.wl2),
			ISS: uint32(c.snd.iss), MaxWND: c.snd.maxWnd, Shift: c.snd.shift, MSS: c.snd.mss,
		},
		Rcv: RcvInfo{NXT: uint32(c.rcv.nxt), WND: c.rcv.wnd, IRS: uint32(c.rcv.irs), Shift: c.rcv.shift},
	}
}

func (s *Stack) connID(key connKey) ConnID {
	return ConnID{Local: netip.AddrPortFrom(s.ip.Addr(), key.localPort), Remote: key.peer()}
}

// connInfo returns the TCBs of all connections. It takes the lock itself.
func (s *Stack) connInfo() []ConnInfo {
	s.mu.Lock()
	all := make([]ConnInfo, 0, len(s.tcp.conns)) // or appending would take long, and under the lock
	s.mu.Unlock()
	eachConn(s, s.tcp.conns, func(c *Conn) { all = append(all, c.info()) })
	slices.SortFunc(all, func(a, b ConnInfo) int {
		return cmp.Or(a.Remote.Compare(b.Remote), a.Local.Compare(b.Local))
	})
	return all
}

// eachConn calls f for each connection in a table, with the lock held. It lets the lock go in
// between, so that a frame never waits for more of them than there are frames in a batch,
// however many connections there are. Meanwhile some may come and go: a map in Go permits
// that.
func eachConn[C any](s *Stack, table map[connKey]C, f func(c C)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := 0
	for _, c := range table {
		if seen++; seen%maxBatch == 0 {
			s.mu.Unlock()
			runtime.Gosched() // as in Run, or the lock would be taken again before another goroutine is awake
			s.mu.Lock()
		}
		f(c)
	}
}
