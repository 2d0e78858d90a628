package script

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/gopacket/layers"
)

// received is a frame from the stack that has been looked at.
type received struct {
	arrival
	packet *packet // nil if it is no TCP segment
	err    error   // why it is none
	key    connKey
	seg    Segment
}

// take waits for the next segment from the stack, at most up to the deadline. It
// returns nil if none came.
func (p *Peer) take(deadline time.Duration) *received {
	for more := true; more; {
		if a, ok := p.pop(); ok {
			return p.look(a)
		}
		more = p.await(deadline)
	}
	if a, ok := p.pop(); ok {
		return p.look(a)
	}
	return nil
}

// look takes a frame apart, learns what can be learnt of it and puts it into the
// history.
func (p *Peer) look(a arrival) *received {
	if a.seen != nil {
		return a.seen
	}
	r := &received{arrival: a}
	if r.packet, r.err = dissect(a.frame); r.err != nil {
		p.record(a.at, "> "+describe(a.frame)+" // "+r.err.Error())
		return r
	}
	tcp, ip := &r.packet.tcp, &r.packet.ip
	r.key.peer, r.key.stack = uint16(tcp.DstPort), uint16(tcp.SrcPort)
	copy4 := [4]byte(ip.DstIP.To4())
	r.key.ip = addrFrom4(copy4)
	if tcp.SYN && p.cfg.StackPort == 0 && r.key.peer == p.cfg.PeerPort {
		p.cfg.StackPort = r.key.stack
	}
	c := p.conn(r.key)
	if tcp.SYN && !c.known {
		c.iss, c.known = tcp.Seq, true
	}
	r.seg = r.packet.segment(c.iss, p.cfg.PeerISS)
	r.seg.From, r.seg.To = p.endpoints(r.key)
	if c.sent = append(c.sent, *r); len(c.sent) > maxQuotable {
		c.sent = c.sent[1:]
	}
	p.record(a.at, "> "+r.seg.String())
	return r
}

// conn returns what is known of a connection.
func (p *Peer) conn(k connKey) *conn {
	c := p.conns[k]
	if c == nil {
		c = &conn{}
		p.conns[k] = c
	}
	return c
}

// endpoints are what a segment of the stack shows in front: nothing if the
// connection is the Config's.
func (p *Peer) endpoints(k connKey) (stack, peer Endpoint) {
	if k == (connKey{p.cfg.PeerIP, p.cfg.PeerPort, p.cfg.StackPort}) {
		return stack, peer
	}
	if k.ip != p.cfg.PeerIP {
		peer.IP = k.ip
	}
	stack.Port, peer.Port = k.stack, k.peer
	return stack, peer
}

// flow is the way from the peer to the stack.
func (p *Peer) flow(k connKey) Flow {
	return Flow{
		SrcMAC: p.cfg.PeerMAC, DstMAC: p.cfg.StackMAC,
		SrcIP: k.ip, DstIP: p.cfg.StackIP,
		SrcPort: k.peer, DstPort: k.stack,
		SrcISS: p.cfg.PeerISS, DstISS: p.conn(k).iss,
		Payload: p.cfg.Payload, Names: p.names,
	}
}

// checkAlways checks what no line has to ask for.
func (p *Peer) checkAlways(r *received) error {
	if r.err != nil {
		return r.err
	}
	c := p.conn(r.key)
	errs := append(r.packet.check(p.flow(r.key).Reverse()), r.packet.checkStack(&p.cfg)...)
	if p.cfg.Outside != nil {
		errs = append(errs, c.checkLimits(r.seg))
	}
	if !p.has(r.key.ip) {
		errs = append(errs, fmt.Errorf("IPv4 destination is %v, want %v", r.key.ip, p.cfg.PeerIP))
	}
	if want := p.cfg.StackISS; want != nil && c.known {
		errs = append(errs, differ("initial sequence number", c.iss, *want))
	}
	return errors.Join(errs...)
}

// checkPorts compares a segment's ends with those of its line, and binds names.
func (p *Peer) checkPorts(r *received, want Segment) error {
	ip := want.To.IP
	if !ip.IsValid() {
		ip = p.cfg.PeerIP
	}
	return errors.Join(
		differ("IPv4 destination", r.key.ip, ip),
		p.checkPort("source port", r.key.stack, want.From, p.cfg.StackPort),
		p.checkPort("destination port", r.key.peer, want.To, p.cfg.PeerPort),
	)
}

func (p *Peer) checkPort(field string, got uint16, want Endpoint, usual uint16) error {
	if want.Name != "" {
		if bound, ok := p.names[want.Name]; ok {
			return differ(field, uint32(got), bound)
		}
		p.names[want.Name] = uint32(got)
		return nil
	}
	if want.Port != 0 {
		usual = want.Port
	}
	return differ(field, got, usual)
}

// key finds the connection that a line of the peer is about.
func (p *Peer) key(peer, stack Endpoint) (k connKey, err error) {
	k.ip = p.cfg.PeerIP
	if peer.IP.IsValid() {
		k.ip = peer.IP
	}
	if k.peer, err = p.port(peer, p.cfg.PeerPort); err != nil {
		return k, err
	}
	k.stack, err = p.port(stack, p.cfg.StackPort)
	if err == nil && k.stack == 0 && stack.isZero() {
		err = fmt.Errorf("the stack's port is not known: Config.StackPort is 0, and the stack has sent no SYN to port %d", p.cfg.PeerPort)
	}
	return k, err
}

func (p *Peer) port(e Endpoint, usual uint16) (uint16, error) {
	if e.Name != "" {
		n, ok := p.names[e.Name]
		if !ok {
			return 0, fmt.Errorf("the name %s has no value yet: a segment that the stack sends has to bind it first", e.Name)
		}
		return uint16(n), nil
	}
	if e.isZero() {
		return usual, nil
	}
	return e.Port, nil
}

// describe says what a frame is that holds no TCP segment.
func describe(frame []byte) string {
	if len(frame) < etherLen {
		return fmt.Sprintf("a frame of %d bytes", len(frame))
	}
	kind := layers.EthernetType(uint16(frame[12])<<8 | uint16(frame[13]))
	if kind == layers.EthernetTypeIPv4 && len(frame) > etherLen+9 {
		return fmt.Sprintf("an IPv4 datagram of protocol %v, %d bytes", layers.IPProtocol(frame[etherLen+9]), len(frame)-etherLen)
	}
	return fmt.Sprintf("a frame of type %#04x, %d bytes", uint16(kind), len(frame))
}
