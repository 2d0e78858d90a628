//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// A tcpPeer is the third host's end of a connection to the part. It keeps count, and no more: what is not in order is an
// error.
type tcpPeer struct {
	b        *bench // as the third host sees it
	src, dst netip.AddrPort
	iss, irs uint32 // where the two streams begin
	seq, ack uint32 // the next that we send, and the next that we expect
	had      uint32 // the end of what has ever come
	wnd      uint16 // how much the part may send us
}

// arrived is a segment from the part.
type arrived struct {
	frame []byte
	flags byte
	ack   uint32
	data  []byte
}

// length is how many sequence numbers the segment takes.
func (a arrived) length() uint32 {
	n := uint32(len(a.data))
	for _, flag := range []byte{tcpSYN, tcpFIN} {
		if a.flags&flag != 0 {
			n++
		}
	}
	return n
}

// newPeer returns the third host's end of a connection that is not open yet.
func newPeer(b *bench, from, to, wnd uint16) (*tcpPeer, error) {
	third, err := asThird(b)
	if err != nil {
		return nil, err
	}
	return &tcpPeer{b: third, src: netip.AddrPortFrom(thirdIP, from), dst: netip.AddrPortFrom(partIP, to), iss: 1000, seq: 1000, wnd: wnd}, nil
}

// openTo opens a connection from a port of the third host to one of the part's, and promises a window.
func openTo(b *bench, from, to, wnd uint16) (*tcpPeer, error) {
	p, err := newPeer(b, from, to, wnd)
	if err != nil {
		return nil, err
	}
	if _, err := p.send(tcpSYN, ""); err != nil {
		return nil, err
	}
	p.seq++
	answer, err := p.receive(answerLimit)
	switch {
	case err != nil:
		return nil, fmt.Errorf("port %d does not open: %w", to, err)
	case answer.flags != tcpSYN|tcpACK:
		return nil, fmt.Errorf("port %d answers a SYN with %s", to, flagNames(answer.flags))
	}
	_, err = p.send(tcpACK, "")
	return p, err
}

// send sends a segment, counts its data and FIN, and returns the frame.
func (p *tcpPeer) send(flags byte, data string) ([]byte, error) {
	ack := p.ack
	if flags&tcpACK == 0 {
		ack = 0
	}
	segment := tcpSegment(p.src, p.dst, p.seq, ack, flags, p.wnd, data)
	frame := ipv4Frame(partMAC, p.b.mac, 1, 6, p.src.Addr(), p.dst.Addr(), segment)
	p.seq += uint32(len(data))
	if flags&tcpFIN != 0 {
		p.seq++
	}
	return frame, p.b.cable.Send(frame)
}

// receive returns the next segment of the connection. It must be the next in order, too. What comes again because we were
// slow to acknowledge it is not looked at.
func (p *tcpPeer) receive(limit time.Duration) (arrived, error) {
	until := time.Now().Add(limit)
	for {
		frame, err := p.b.cable.Receive(until)
		if err != nil {
			return arrived{}, err
		}
		segment := tcpFor(frame, p.b.mac, p.src)
		if segment == nil || binary.BigEndian.Uint16(segment) != p.dst.Port() {
			continue
		}
		a := arrived{frame: frame, flags: segment[13], ack: binary.BigEndian.Uint32(segment[8:])}
		a.data = segment[min(int(segment[12]>>4)*4, len(segment)):]
		seq := binary.BigEndian.Uint32(segment[4:])
		if a.flags&tcpSYN != 0 && p.ack == p.irs { // the first one, or we do as if it were
			p.irs, p.ack, p.had = seq, seq, seq
		}
		end := seq + a.length()
		switch {
		case seq == p.ack:
			p.ack = end
			p.had += uint32(max(0, int32(end-p.had)))
			return a, nil
		case end == seq || int32(end-p.had) > 0:
			return a, fmt.Errorf("a segment begins at %d of its stream, want %d", seq-p.irs, p.ack-p.irs)
		}
	}
}

// expect returns the next segment, which must have these flags and acknowledge everything that we have sent.
func (p *tcpPeer) expect(flags byte) (arrived, error) {
	a, err := p.receive(answerLimit)
	switch {
	case err != nil:
		return a, fmt.Errorf("no %s from the part: %w", flagNames(flags), err)
	case a.flags&^tcpPSH != flags:
		return a, fmt.Errorf("the part sends %s, want %s", flagNames(a.flags), flagNames(flags))
	case flags&tcpACK != 0 && a.ack != p.seq:
		return a, fmt.Errorf("the part acknowledges %d of our stream, want %d", a.ack-p.iss, p.seq-p.iss)
	}
	return a, nil
}

// tell prints one segment: who sends it, what it is, counted from the start of the streams, and what that does.
func (p *tcpPeer) tell(who string, flags byte, seq, ack uint32, does string) {
	p.b.printf("  %-8s  %-8s  seq %-4d ack %-4d  %s\n", who, flagNames(flags), seq, ack, does)
}

// flagNames writes the control bits out.
func flagNames(flags byte) string {
	names := ""
	for _, f := range []struct {
		bit  byte
		name string
	}{{tcpSYN, "SYN"}, {tcpFIN, "FIN"}, {tcpRST, "RST"}, {tcpPSH, "PSH"}, {tcpACK, "ACK"}} {
		if flags&f.bit != 0 {
			names += " " + f.name
		}
	}
	if names == "" {
		return "no flag"
	}
	return names[1:]
}
