//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// The flood of this file: so many datagrams a second, and for how long. Its honest questions are
// so many, of so many bytes: 20 MB and more.
const (
	floodRate = 50_000
	questions = 15_000
	question  = 1400
)

// Somebody floods a port in many names, while an honest host asks: first the echo port, a datagram
// after the other, while the discard port is flooded; then the echo port itself is. What comes back
// is what went, in order, and the part's memory does not grow.
func TestLabAttackUDPFlood(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	seconds := 2
	if *suite.Long {
		seconds = 10
	}
	r := suite.Lab(t, "", []string{"-q"}, "env", fmt.Sprintf("FRAMEBYFRAME_FLOOD=%d", seconds), program, "-test.run", "^TestLabFloodHelper$")
	r.Want(t, 0, "the flood is over")
	m := regexp.MustCompile(`(\d+) datagrams in (\d+) ms, (\d+) kB before and (\d+) kB after; (.*)\n`).FindStringSubmatch(r.Stdout)
	if m == nil {
		t.Fatalf("the helper says\n%s%s", r.Stdout, r.Stderr)
	}
	number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	if grown := number(4) - number(3); grown > 32<<10 {
		t.Errorf("the part's memory has grown by %d kB", grown)
	}
	suite.Row{
		Area: "attack", What: "UDP flood beside honest questions, against the real kernel", Source: "RFC 862, 863",
		Tried:   fmt.Sprintf("%d datagrams in %s forged names, %d a second; meanwhile %d MB through the echo port", number(1), "65,536", number(1)*1000/number(2), questions*question/1_000_000),
		Outcome: fmt.Sprintf("%s; the part has %d kB of memory before and %d kB after", m[5], number(3), number(4)),
	}.Report(t)
}

// TestLabFloodHelper is no test: it is what runs in the lab, on the kernel's sockets.
func TestLabFloodHelper(t *testing.T) {
	seconds, err := strconv.Atoi(os.Getenv("FRAMEBYFRAME_FLOOD"))
	if err != nil {
		return
	}
	c, err := net.Dial("udp4", "10.0.0.4:7")
	if err != nil {
		t.Fatal(err)
	}
	before := partMemory(t)
	var said []string
	sent, began := 0, time.Now()
	for _, port := range []uint16{9, 7} {
		stop, flooded := make(chan bool), make(chan int)
		go func() { flooded <- flood(port, stop) }()
		n, size, end := 0, 100, time.Now().Add(time.Duration(seconds)*time.Second)
		if port == 9 {
			size = question
		}
		again := 0
		for ; time.Now().Before(end) || port == 9 && n < questions; n++ {
			lost, err := ask(c, n, size)
			if err != nil {
				t.Fatal(err)
			}
			again += lost
		}
		close(stop)
		sent += <-flooded
		said = append(said, fmt.Sprintf("%d questions are answered in order while port %d is flooded, %d of them had to be sent again", n, port, again))
	}
	fmt.Printf("%d datagrams in %d ms, %d kB before and %d kB after; %s\n", sent, time.Since(began).Milliseconds(), before, partMemory(t), strings.Join(said, ", "))
	fmt.Println("the flood is over")
}

// ask sends a datagram that no other is like, until it comes back, and says how often it had to be
// sent again.
func ask(c net.Conn, n, size int) (again int, err error) {
	sent, got := bytes.Repeat([]byte{byte(n)}, size), make([]byte, 1<<16)
	binary.BigEndian.PutUint32(sent, uint32(n))
	for ; again < 100; again++ {
		if _, err := c.Write(sent); err != nil {
			return again, err
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		for {
			length, err := c.Read(got)
			if err != nil {
				break // nothing came: it is sent again
			}
			if bytes.Equal(got[:length], sent) {
				return again, nil
			}
			if binary.BigEndian.Uint32(got) > uint32(n) || got[length-1] != got[4] {
				return again, fmt.Errorf("question %d: % x came back", n, got[:length])
			}
		}
	}
	return again, errors.New("no answer to a hundred questions")
}

// flood sends datagrams to a port of ours, each in another name, and says how many.
func flood(port uint16, stop <-chan bool) (sent int) {
	raw, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		panic(err)
	}
	defer syscall.Close(raw)
	// IPv4 from 198.18.x.y, a block for tests (RFC 2544); UDP without a checksum; 100 bytes of data.
	packet := append([]byte{
		0x45, 0, 0, 128, 0, 0, 0, 0, 64, 17, 0, 0, 198, 18, 0, 0, 10, 0, 0, 4,
		0x9c, 0x40, byte(port >> 8), byte(port), 0, 108, 0, 0,
	}, make([]byte, 100)...)
	for began := time.Now(); ; {
		select {
		case <-stop:
			return sent
		default:
		}
		for sent < int(time.Since(began)*floodRate/time.Second) {
			binary.BigEndian.PutUint16(packet[14:], uint16(sent))
			_ = syscall.Sendto(raw, packet, 0, &syscall.SockaddrInet4{Addr: [4]byte{10, 0, 0, 4}}) // a full queue is as good as a lost frame
			sent++
		}
		time.Sleep(time.Millisecond)
	}
}

// partMemory is how much memory the part has, in kB.
func partMemory(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("sh", "-c", `for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = part ] && sed -n 's/VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' $p/status; done; true`).Output()
	n, perr := strconv.Atoi(strings.TrimSpace(string(out)))
	if err := errors.Join(err, perr); err != nil {
		t.Fatal(err)
	}
	return n
}
