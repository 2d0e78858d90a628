//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// requestResponse sends 64 bytes and waits until they are back, over and over, on one connection.
func requestResponse(t *trial) (values, error) {
	s, err := t.net.dial(portEcho, "")
	if err != nil {
		return nil, err
	}
	t.after = append(t.after, s.abort)
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return nil, err
	}
	b := make([]byte, 64)
	var times []time.Duration
	began := time.Now()
	for last := began; last.Sub(began) < t.d; {
		if _, err := s.write(b); err != nil {
			return nil, err
		}
		if err := s.readFull(b, 5*time.Second); err != nil {
			return nil, err
		}
		now := time.Now()
		times = append(times, now.Sub(last))
		last = now
	}
	slices.Sort(times)
	return values{
		"rr/rate": float64(len(times)) / time.Since(began).Seconds(),
		"rr/p50":  micros(times[len(times)/2]),
		"rr/p99":  micros(times[len(times)*99/100]),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// connections connects, reads the time of day and closes, over and over.
func connections(t *trial) (values, error) {
	b := make([]byte, 512)
	n := 0
	began := time.Now()
	for ; time.Since(began) < t.d; n++ {
		s, err := t.net.dial(portDaytime, "")
		if err != nil {
			return nil, fmt.Errorf("after %d connections: %w", n, err)
		}
		err = s.readToEnd(b, 5*time.Second)
		s.close()
		if err != nil {
			return nil, fmt.Errorf("after %d connections: %w", n, err)
		}
	}
	return values{"connect/rate": float64(n) / time.Since(began).Seconds()}, nil
}

// readToEnd reads until the peer closes, and wants to have got something.
func (s *sock) readToEnd(b []byte, limit time.Duration) error {
	total := 0
	for end := time.Now().Add(limit); ; {
		n, err := s.read(b)
		switch {
		case n > 0:
			total += n
		case err == nil && total == 0:
			return errors.New("closed without a word")
		case err == nil:
			return nil
		case !again(err):
			return err
		case time.Now().After(end):
			return errSilent
		}
	}
}

const (
	pings   = 1000 // at the least
	warmUps = 20   // pings that do not count
)

// ping sends ICMP echo requests, one after the other, for the time of the trial: which CPU the kernel wakes makes more
// of a difference than anything else, and stays the same for a while.
func ping(t *trial) (values, error) {
	var fd int
	var err error
	t.net.do(func() { fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP) })
	if err != nil {
		return nil, fmt.Errorf("a raw socket: %w", err)
	}
	s := &sock{fd}
	defer s.close()
	s.wait(unix.SO_RCVTIMEO, patience)
	to := &unix.SockaddrInet4{Addr: peerIP.Addr().As4()}
	request := make([]byte, 8+56)
	request[0] = 8 // echo request
	var times []time.Duration
	lost := 0
	begin := time.Now()
	for i := 0; i < pings+warmUps || time.Since(begin) < t.d; i++ {
		seq := uint16(i)
		binary.BigEndian.PutUint16(request[6:], seq)
		request[2], request[3] = 0, 0
		binary.BigEndian.PutUint16(request[2:], internetChecksum(request))
		began := time.Now()
		if err := unix.Sendto(fd, request, 0, to); err != nil {
			return nil, err
		}
		took, ok := s.reply(seq, began)
		if !ok {
			if lost++; lost > 10 {
				return nil, errSilent
			}
			continue
		}
		if i >= warmUps {
			times = append(times, took)
		}
	}
	slices.Sort(times)
	return values{"ping/p50": micros(times[len(times)/2])}, nil
}

// reply waits for the echo reply with a sequence number, for a second.
func (s *sock) reply(seq uint16, began time.Time) (time.Duration, bool) {
	b := make([]byte, 2048)
	for {
		n, err := s.read(b)
		took := time.Since(began)
		header := int(b[0]&15) * 4
		if err == nil && n >= header+8 && b[header] == 0 && binary.BigEndian.Uint16(b[header+6:]) == seq {
			return took, true
		}
		if took > time.Second || err != nil && !again(err) {
			return 0, false
		}
	}
}

// internetChecksum is RFC 1071's, of an even number of bytes.
func internetChecksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
