// Package stack is a host on an Ethernet: a MAC address, an IP address, and the protocols that
// answer to them, here ARP, IPv4, ICMP and UDP. It belongs to no kernel. Plugged into a TAP
// device it is a neighbour of this machine; two on a cable of shared/wire talk to each other.
//
//	s := stack.New(dev, stack.Config{MAC: mac, IP: prefix, MTU: 1500, Rand: rand.Reader})
//	go s.Run() // until Close
//	mac, err := s.Resolve(ctx, ip) // who has ip?
//	reply, err := s.Ping(ctx, ip, 1, data)
//
// Info returns what it knows, Observe tells what happens in it, Fields and Describe say what a
// frame is. The chapters in docs explain the code, which is there to be read.
package stack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Device is the end of a cable that a stack is plugged into: one call, one
// frame, without preamble and checksum.
type Device interface {
	// Read waits for a frame and copies it into b. A frame longer than b is cut.
	Read(b []byte) (int, error)
	// Write sends a frame. It does not wait, and b may be used again at once. An
	// error means that the frame is lost.
	Write(b []byte) (int, error)
	// Close makes Read and Write fail with os.ErrClosed.
	Close() error
	// Buffered returns how many frames Read has ready without waiting.
	Buffered() int
}

// maxBatch is how many frames are handled before the lock is released, so that others get
// their turn under any load.
const maxBatch = 64

// Config says who a stack is.
type Config struct {
	MAC   MAC
	IP    netip.Prefix // our address, and how many of its bits all hosts on the link share
	MTU   int          // the longest payload of a frame, in bytes
	Log   io.Writer    // takes warnings and the trace; it must not block
	Trace bool         // a line for each frame and each change of state

	Gateway netip.Addr // next hop for what is off the link; not valid: there is none
	Rand    io.Reader  // where all randomness comes from: crypto/rand, but for tests
}

// Stack is a host on the cable: a MAC address, an IP address, and the protocols
// that answer to them. One lock guards all of it. Run holds it while it handles
// frames, a timer while it fires, and every exported method while it works;
// what has a lower-case name expects it to be held. A stack trace is therefore
// the whole path of a frame.
type Stack struct {
	mu     sync.Mutex
	dev    Device
	mac    MAC
	ip     netip.Prefix
	mtu    int
	closed bool

	log   io.Writer
	trace bool
	line  []byte // the trace line under construction

	observer func(Event) // nil: nobody

	received, sent uint64                // frames
	dropped        map[dropReason]uint64 // frames and packets

	failing bool      // the device refuses frames, and we have said so
	failed  uint64    // how many, since we last said that it takes them again
	warned  time.Time // when we last said that it does not

	freePackets []*packet
	arp         arpTable

	rand io.Reader
	ipv4 ipv4State
	icmp icmpState
	udp  udpState
}

// New returns a stack that is plugged into dev and does nothing until Run
// is called.
func New(dev Device, cfg Config) *Stack {
	s := &Stack{
		dev: dev, mac: cfg.MAC, ip: cfg.IP, mtu: cfg.MTU,
		log: cfg.Log, trace: cfg.Trace,
		dropped: make(map[dropReason]uint64),
	}
	s.initARP()
	s.rand = cfg.Rand
	s.initIPv4(cfg.Gateway)
	s.initICMP()
	s.initUDP()
	return s
}

// Run handles frames until Close is called, when it returns nil, or until the
// device is lost, when it returns the device's error.
func (s *Stack) Run() error {
	frame := make([]byte, etherHeaderLen+s.mtu+1) // one byte more shows a giant
	for {
		n, err := s.dev.Read(frame)
		if err == nil {
			err = s.receiveBatch(frame, n)
		}
		if err != nil {
			return s.end(err)
		}
		runtime.Gosched() // those that were woken get their turn before the next batch
	}
}

// receiveBatch handles the frame that was read into the first n bytes of frame, and those
// that wait after it. It returns the error if the device fails.
func (s *Stack) receiveBatch(frame []byte, n int) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for batch := 1; err == nil && !s.closed; batch++ {
		s.receiveFrame(frame[:n])
		if batch == maxBatch || s.dev.Buffered() == 0 {
			break
		}
		n, err = s.dev.Read(frame)
	}
	return err
}

// receiveLooped is receiveBatch for what we have sent to ourselves.
func (s *Stack) receiveLooped() {
	for _, p := range s.takeLooped(maxBatch) {
		if err := s.arrivesFromSelf(p.bytes()); err != nil {
			s.drop(err)
		}
		s.freePacket(p)
	}
}

// receiveFrame is where the way up begins: each frame that the device gives us comes
// through here, and each layer hands on what it does not handle itself. A layer returns the
// reason if it drops what it got. The bytes are Run's: what is to be kept must be copied.
func (s *Stack) receiveFrame(frame []byte) {
	s.received++
	s.traceFrame(traceIn, frame)
	h, payload, err := parseEther(frame)
	if err == nil {
		err = s.acceptFrame(h, payload)
	}
	if err != nil {
		s.drop(err)
		return
	}
	switch h.etherType {
	case etherTypeARP:
		err = s.receiveARP(payload)
	case etherTypeIPv4:
		err = s.receiveIPv4(h, payload)
	default:
		err = errEtherType
	}
	if err != nil {
		s.drop(err)
	}
}

// errICMPUnwanted is the reason to drop an ICMP error about a datagram that no sender waits
// for.
var errICMPUnwanted = newDropReason("ICMP: error about something that nobody waits for")

// receiveDatagram hands a datagram that is for us, and whole, to its protocol. The payload,
// and the options in h, are good until it returns: what is to be kept must be copied.
func (s *Stack) receiveDatagram(h *ipv4Header, payload []byte) error {
	switch h.protocol {
	case protocolICMP:
		return s.receiveICMP(h, payload)
	case protocolUDP:
		return s.receiveUDP(h, payload)
	}
	s.sendProtocolUnreachable(h)
	return errIPv4Protocol
}

// datagramFailed tells the protocol that sent a datagram what became of it. h and payload
// are its beginning, of any length. reason is an icmpError if a host on the way says so,
// otherwise one of those that dropPacket knows: it never left. The error is nil if a sender
// was waiting to hear that.
func (s *Stack) datagramFailed(h ipv4Header, payload []byte, reason error) error {
	switch h.protocol {
	case protocolICMP:
		return s.echoFailed(h, payload, reason)
	case protocolUDP:
		return s.udpFailed(h, payload, reason)
	}
	return errICMPUnwanted
}

// unsent tells the sender of a packet why dropPacket drops it.
func (s *Stack) unsent(etherType uint16, packet []byte, reason error) {
	if etherType != etherTypeIPv4 {
		return
	}
	var h ipv4Header
	if payload, err := h.parse(packet); err == nil && h.offset == 0 {
		_ = s.datagramFailed(h, payload, reason) // it is counted as dropped already
	}
}

// dropReason says why a frame, or something in it, was dropped. It is a number and an error, as
// syscall.Errno is. The reasons are declared beside the code that drops for them, so how many
// there are to be counted is not for the peers to decide.
type dropReason int

// dropTexts has what the trace says for each reason.
var dropTexts []string

// newDropReason returns the next number.
func newDropReason(text string) dropReason {
	dropTexts = append(dropTexts, text)
	return dropReason(len(dropTexts) - 1)
}

func (r dropReason) String() string { return dropTexts[r] }
func (r dropReason) Error() string  { return r.String() }

// reasonOf returns the reason in err: it is one, or wraps one with an error number for the sender.
func reasonOf(err error) dropReason {
	if reason, ok := err.(dropReason); ok {
		return reason
	}
	var reason dropReason
	errors.As(err, &reason)
	return reason
}

// drop counts something that was dropped, and tells why.
func (s *Stack) drop(err error) {
	reason := reasonOf(err)
	s.dropped[reason]++
	if s.observed() {
		s.tell(Dropped{reason.String(), err})
	}
}

// Close ends Run and everything that waits. It leaves no timer behind. The error is the
// device's.
func (s *Stack) Close() error {
	s.mu.Lock()
	s.closeLayers()
	s.mu.Unlock()
	if err := s.dev.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// end is what Run returns when Read has failed with err.
func (s *Stack) end(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed && errors.Is(err, os.ErrClosed) {
		return nil
	}
	s.closeLayers()
	return fmt.Errorf("the device is lost: %w", err)
}

// closeLayers stops every timer and ends everything that waits, from the top down: a
// protocol may have a last packet to send.
func (s *Stack) closeLayers() {
	if s.closed {
		return
	}
	s.closed = true
	s.closeUDP()
	s.closeICMP()
	s.closeIPv4()
	s.closeARP()
}

// errClosed is what a call returns if the stack is closed while it waits.
var errClosed = fmt.Errorf("%w: %w", newDropReason("the stack is closed"), net.ErrClosed)

// Summary returns what passed through the stack so far: frames received and
// sent, and how many were dropped for which reason. It ends with a newline.
func (s *Stack) Summary() string {
	s.mu.Lock()
	f := s.frameInfo()
	s.mu.Unlock()
	var reasons []string
	for _, d := range f.Dropped {
		reasons = append(reasons, fmt.Sprintf("%6d dropped: %s\n", d.Count, d.Reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("%6d frames received\n%6d frames sent\n%s", f.Received, f.Sent, strings.Join(reasons, ""))
}
