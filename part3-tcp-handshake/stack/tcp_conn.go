package stack

import (
	"container/list"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// tcpState is the state of a connection (RFC 9293 3.3.2).
type tcpState string

const (
	stateListen      tcpState = "LISTEN"       // waits for a connection request from any peer
	stateSynSent     tcpState = "SYN-SENT"     // has asked, waits for a matching request
	stateSynReceived tcpState = "SYN-RECEIVED" // has asked and was asked, waits for the acknowledgment
	stateEstablished tcpState = "ESTABLISHED"  // open: data can be sent and received
	stateFinWait1    tcpState = "FIN-WAIT-1"   // has closed, waits for the acknowledgment of that
	stateFinWait2    tcpState = "FIN-WAIT-2"   // has closed, waits until the peer closes
	stateCloseWait   tcpState = "CLOSE-WAIT"   // the peer has closed, waits for our user to do so
	stateClosing     tcpState = "CLOSING"      // both have closed, waits for the acknowledgment
	stateLastAck     tcpState = "LAST-ACK"     // both have closed, the peer first; the same
	stateTimeWait    tcpState = "TIME-WAIT"    // waits until no old segment can be on its way
	stateClosed      tcpState = "CLOSED"       // no connection at all
)

// ourWindowShift is the window scale that we offer: windows up to 65,535 << 7, 8 MB.
const ourWindowShift = 7

// connKey tells connections from each other. Our own address is always the same.
type connKey struct {
	remote     [4]byte
	remotePort uint16
	localPort  uint16
}

func (key connKey) peer() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4(key.remote), key.remotePort)
}

// Conn is a TCP connection, the RFC's TCB (transmission control block). The
// variables have the RFC's names: c.snd.una is SND.UNA.
//
// What we send (RFC 9293 3.3.1, figure 3):
//
//	     1         2          3          4
//	----------|----------|----------|----------
//	       SND.UNA    SND.NXT    SND.UNA
//	                            +SND.WND
//
//	1 - old sequence numbers that have been acknowledged
//	2 - sequence numbers of unacknowledged data
//	3 - sequence numbers allowed for new data transmission
//	4 - future sequence numbers that are not yet allowed
//
// And what we receive (figure 4):
//
//	     1          2          3
//	----------|----------|----------
//	       RCV.NXT    RCV.NXT
//	                 +RCV.WND
//
//	1 - old sequence numbers that have been acknowledged
//	2 - sequence numbers allowed for new reception
//	3 - future sequence numbers that are not yet allowed
type Conn struct {
	s     *Stack
	key   connKey
	state tcpState

	snd struct {
		una seqNum // the oldest that is not acknowledged
		nxt seqNum // the next one to be sent
		wnd int    // how many the peer takes, from una on, in bytes
		wl1 seqNum // SEG.SEQ of the segment that last changed wnd
		wl2 seqNum // SEG.ACK of that segment
		iss seqNum // the initial one

		maxWnd int   // MAX.SND.WND: the largest window that the peer ever gave
		shift  uint8 // by how much the peer's windows are scaled
		mss    int   // the largest segment that the peer takes, in bytes of data
	}
	rcv struct {
		nxt seqNum // the next one that we expect
		wnd int    // how many we take, from nxt on, in bytes
		irs seqNum // the initial one

		shift uint8 // by how much our windows are scaled
	}

	scaling  bool          // windows are scaled, or may be: no SYN has said otherwise
	began    time.Time     // when the SYN came; of a passive OPEN only
	listener *Listener     // of a passive OPEN; nil after an active one
	err      error         // why it is CLOSED
	changed  sync.Cond     // signalled when the state changes
	counted  *list.Element // its place in the list of those that are open

	challenged [challengeKinds]challengeCount
	optionList [40]byte // where the options of a segment are put together
}

func (s *Stack) newConn(key connKey) *Conn {
	c := &Conn{s: s, key: key, state: stateClosed}
	c.changed.L = &s.mu
	c.snd.mss = defaultMSS
	c.rcv.wnd = s.initialWindow()
	return c
}

// initialWindow returns how much a new connection takes before its peer is told
// anything else, in bytes.
func (s *Stack) initialWindow() int { return 0 } // there is no buffer yet

// remote returns the peer's address.
func (c *Conn) remote() netip.AddrPort { return c.key.peer() }

// ConnState is the event that a connection has changed its state.
type ConnState struct {
	ConnID
	From string `json:"from"` // as in RFC 9293 3.3.2
	To   string `json:"to"`
	Why  string `json:"why,omitempty"` // the error that its user gets, if there is one
}

func (e ConnState) String() string {
	text := fmt.Sprintf("TCP %v: %s -> %s", e.ConnID, e.From, e.To)
	if e.Why != "" {
		text += " (" + e.Why + ")"
	}
	return text
}

// setState changes the state, and wakes the calls that wait for that.
func (c *Conn) setState(state tcpState) {
	if c.s.observed() {
		e := ConnState{ConnID: c.s.connID(c.key), From: string(c.state), To: string(state)}
		if c.err != nil {
			e.Why = c.err.Error()
		}
		c.s.tell(e)
	}
	c.state = state
	c.changed.Broadcast()
}

// remove ends the connection at once: it enters CLOSED and its TCB is deleted. Calls that
// use it return err.
func (c *Conn) remove(err error) {
	if c.state == stateClosed {
		return
	}
	c.err = err
	c.s.forgetConn(c)
	c.setState(stateClosed)
}

// Abort is the RFC's ABORT call (3.10.5): it ends the connection at once and
// tells the peer with a reset.
func (c *Conn) Abort() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.abort(errAborted)
}

func (c *Conn) abort(err error) {
	switch c.state { // those in which the peer has to be told (RFC 9293 3.10.5)
	case stateSynReceived, stateEstablished:
		c.send(flagRST, c.snd.nxt, c.s.newPacket(0)) // <SEQ=SND.NXT><CTL=RST>
	}
	c.remove(err)
}
