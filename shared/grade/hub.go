//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"framebyframe/shared/pcap"
	"framebyframe/shared/suite/outside"
)

// A hub is the cable, with the program at its other end and many hosts at this one. Each script is played by a host of its
// own, so that what one of them makes the program believe is nothing to another.
type hub struct {
	cable   cable
	program *program
	capture *pcap.File

	mu        sync.Mutex
	hosts     map[[6]byte]*host
	stack     outside.Host // the program
	day       int          // the length of the line of the service daytime
	listening uint16       // a port on which it listens
	reason    error        // why it is over
	dead      chan struct{}
	second    time.Time // when the second began in which frames are counted,
	frames    int       // and how many there are
}

// A cable takes and gives frames.
type cable interface {
	io.ReadWriteCloser
}

// floodLimit is how many frames a program may send in a second. All scripts together ask for a hundredth of it.
const floodLimit = 20000

// A host is one at our end of the cable.
type host struct {
	outside.Host
	hub    *hub
	takes  func(frame []byte) bool // which of the frames for it; nil: all
	silent bool                    // the hub does not answer ARP for it: it does that itself
	queue  chan []byte
	once   sync.Once
	closed chan struct{}
}

// queueLen is how many frames wait for a host to look at them.
const queueLen = 8192

// plug puts a host on the cable.
func (h *hub) plug(who outside.Host, silent bool, takes func([]byte) bool) *host {
	e := &host{Host: who, hub: h, takes: takes, silent: silent, queue: make(chan []byte, queueLen), closed: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts[who.MAC] = e
	return e
}

// Read waits for a frame.
func (e *host) Read(b []byte) (int, error) {
	select {
	case f := <-e.queue:
		return copy(b, f), nil
	case <-e.closed:
	case <-e.hub.dead:
	}
	return 0, os.ErrClosed
}

func (e *host) Write(b []byte) (int, error) { return e.hub.send(b) }
func (e *host) Buffered() int               { return len(e.queue) }

// Close unplugs the host.
func (e *host) Close() error {
	e.once.Do(func() {
		close(e.closed)
		e.hub.mu.Lock()
		defer e.hub.mu.Unlock()
		if e.hub.hosts[e.MAC] == e {
			delete(e.hub.hosts, e.MAC)
		}
	})
	return nil
}

// send puts a frame on the cable. One that the program does not take in time is lost, as on any cable.
func (h *hub) send(b []byte) (int, error) {
	select {
	case <-h.dead:
		return 0, os.ErrClosed
	default:
	}
	if h.capture != nil {
		h.capture.WriteFrame(time.Now(), b)
	}
	if _, err := h.cable.Write(b); err != nil && errors.Is(err, os.ErrClosed) {
		return 0, err
	}
	return len(b), nil
}

// read carries what the program sends to the hosts, until the cable is gone.
func (h *hub) read() {
	buf := make([]byte, 1<<17)
	for {
		n, err := h.cable.Read(buf)
		if err != nil || n == 0 {
			h.program.gone(h, err)
			return
		}
		frame := bytes.Clone(buf[:n])
		if h.capture != nil {
			h.capture.WriteFrame(time.Now(), frame)
		}
		if h.counts() {
			h.die(fmt.Errorf("the program floods: more than %d frames in a second", floodLimit))
			return
		}
		h.deliver(frame)
	}
}

// counts counts a frame, and tells whether there are too many.
func (h *hub) counts() bool {
	if now := time.Now(); now.Sub(h.second) > time.Second {
		h.second, h.frames = now, 0
	}
	h.frames++
	return h.frames > floodLimit
}

// deliver gives a frame to whom it is for.
func (h *hub) deliver(frame []byte) {
	if len(frame) < 14 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	to := [6]byte(frame)
	to[0] &^= 0x04 // a host has a second card, to move to
	for mac, e := range h.hosts {
		if frame[0]&1 == 0 && mac != to {
			continue
		}
		if !e.silent && isARP(frame) {
			e.answer(frame)
		}
		if e.takes != nil && !e.takes(frame) {
			continue
		}
		select {
		case e.queue <- frame:
		default:
		}
	}
}

func isARP(frame []byte) bool {
	return len(frame) >= 14+28 && binary.BigEndian.Uint16(frame[12:]) == 0x0806
}

// answer answers a question for the host's address.
func (e *host) answer(frame []byte) {
	arp := frame[14:42]
	if binary.BigEndian.Uint16(arp[6:]) != 1 || netip.AddrFrom4([4]byte(arp[24:28])) != e.IP {
		return
	}
	go e.Write(arpFrame(frame[6:12], e.Host, 2, [6]byte(arp[8:14]), netip.AddrFrom4([4]byte(arp[14:18]))))
}

// arpFrame builds an ARP packet by hand: the hub is to work before anything that gopacket might say.
func arpFrame(to []byte, from outside.Host, op byte, targetMAC [6]byte, target netip.Addr) []byte {
	f := append(append([]byte{}, to...), from.MAC[:]...)
	f = append(f, 8, 6, 0, 1, 8, 0, 6, 4, 0, op)
	f = append(append(f, from.MAC[:]...), from.IP.AsSlice()...)
	f = append(append(f, targetMAC[:]...), target.AsSlice()...)
	return append(f, make([]byte, 60-len(f))...)
}

// die ends everything, for a reason.
func (h *hub) die(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reason == nil {
		h.reason = reason
		close(h.dead)
	}
}

// why is the reason, or nil.
func (h *hub) why() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}

var broadcast = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// asks asks for the program's address from a host, and returns the MAC address that comes.
func (e *host) asks(ip netip.Addr, patience time.Duration) (mac [6]byte, err error) {
	e.Write(arpFrame(broadcast, e.Host, 1, [6]byte{}, ip))
	timeout := time.After(patience)
	for {
		select {
		case f := <-e.queue:
			if isARP(f) && f[21] == 2 && netip.AddrFrom4([4]byte(f[28:32])) == ip {
				return [6]byte(f[22:28]), nil
			}
		case <-timeout:
			return mac, os.ErrDeadlineExceeded
		case <-e.hub.dead:
			return mac, e.hub.why()
		}
	}
}

// meet waits until the program answers ARP. That is its first frame.
func (h *hub) meet(ip netip.Addr, patience time.Duration) error {
	e := h.plug(hostNumber(1), false, isARP)
	defer e.Close()
	for begin := time.Now(); ; {
		mac, err := e.asks(ip, 200*time.Millisecond)
		switch {
		case err == nil && mac[0]&1 == 0:
			h.stack = outside.Host{MAC: mac, IP: ip}
			return nil
		case err == nil:
			return fmt.Errorf("the program says that %v is at %v, which is not a host's address", ip, net.HardwareAddr(mac[:]))
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case time.Since(begin) > patience:
			return fmt.Errorf("the program does not answer ARP: within %v nobody said who has %v", patience, ip)
		}
	}
}

// introduce has the program learn where a host is, as it does from a question of the host's (RFC 826).
func (h *hub) introduce(who outside.Host) error {
	e := h.plug(who, false, isARP)
	defer e.Close()
	for range 3 {
		if _, err := e.asks(h.stack.IP, time.Second); err == nil {
			return nil
		}
	}
	if err := h.why(); err != nil {
		return err
	}
	return errors.New("the program does not answer ARP any more")
}

// alive tells whether the program answers ARP still.
func (h *hub) alive() bool { return h.introduce(hostNumber(1)) == nil }

// hostNumber is one of the hosts at our end: 10.0.0.1 is the first, the others have numbers from 10 on.
func hostNumber(n int) outside.Host {
	return outside.Host{MAC: [6]byte{0x02, 0, 0x0a, 0, byte(n >> 8), byte(n)}, IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})}
}

// close ends the program and unplugs everything.
func (h *hub) close() error {
	h.program.stop()
	h.die(errors.New("the grade is over"))
	h.cable.Close()
	if h.capture != nil {
		return h.capture.Close()
	}
	return nil
}
