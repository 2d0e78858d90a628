//go:build linux

package main

import (
	"bytes"
	"fmt"
	"time"
)

// part5Steps show how a part notices that something is lost, and what it does about it. The losses are the demo's: it
// takes a frame and does as if it had never come.
var part5Steps = []step{whoIsWho, loseTheAnswer, loseTheEcho, missOne, sendTheEndFirst, keepTheWindowClosed, yourTurn}

// again waits for a segment that must be like one before, and returns how long after since it came. late is how long that
// should take: it may be half as late again, and the machine may be busy. So since is a time before the part sent the first
// one: however late we notice what comes, it does not seem to be early.
func (p *tcpPeer) again(before arrived, since time.Time, late time.Duration) (time.Duration, error) {
	p.ack -= before.length() // as if we had never seen it
	a, err := p.receive(late*3/2 + answerLimit)
	took := time.Since(since)
	switch {
	case err != nil:
		return took, fmt.Errorf("what was lost does not come again: %w", err)
	case a.flags&^tcpPSH != before.flags&^tcpPSH || !bytes.Equal(a.data, before.data):
		return took, fmt.Errorf("%s with %d bytes came, want %s with %d again", flagNames(a.flags), len(a.data), flagNames(before.flags), len(before.data))
	case took < late/2:
		return took, fmt.Errorf("it came again after %v, want about %v", took, late)
	}
	return took.Round(10 * time.Millisecond), nil
}

// loseTheAnswer does as if the answer to our SYN had been lost.
func loseTheAnswer(b *bench) error {
	b.printf("\n[1] A third host, %s, which this demo plays, asks for a connection, and does as if the answer had been lost.\n\n", thirdIP)
	p, err := newPeer(b, 40020, 7, 64240)
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := p.send(tcpSYN, ""); err != nil {
		return err
	}
	p.seq++
	answer, err := p.expect(tcpSYN | tcpACK)
	if err != nil {
		return err
	}
	took, err := p.again(answer, start, time.Second)
	if err != nil {
		return err
	}
	p.tell("the part", tcpSYN|tcpACK, 0, 1, fmt.Sprintf("and again after %v", took))
	b.printf("\nNobody has measured a round trip to us yet, so the first wait is a second. Part 4 never sends it again.\n")
	_, err = p.send(tcpRST|tcpACK, "")
	return err
}

// loseTheEcho does as if the answer to our data had been lost, twice.
func loseTheEcho(b *bench) error {
	b.printf("\n[2] We send %d bytes to the echo, and lose what comes back, twice.\n\n", len(echoData))
	p, err := openTo(b, 40021, 7, 64240)
	if err != nil {
		return err
	}
	start, last, late := time.Now(), time.Duration(0), time.Duration(0)
	if _, err := p.send(tcpPSH|tcpACK, echoData); err != nil {
		return err
	}
	echo, err := p.expect(tcpACK)
	if err == nil && len(echo.data) == 0 { // the echo was so slow that the acknowledgment went ahead
		echo, err = p.expect(tcpACK)
	}
	if err != nil {
		return err
	}
	next := uint32(1 + len(echoData))
	p.tell("the part", tcpACK, 1, next, fmt.Sprintf("%d bytes", len(echo.data)))
	for _, wait := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond} {
		late += wait
		took, err := p.again(echo, start, late)
		if err != nil {
			return err
		}
		p.tell("the part", tcpACK, 1, next, fmt.Sprintf("%d bytes, and again after %v", len(echo.data), took-last))
		last = took
	}
	b.printf("\nNow a round trip has been measured, and it was short: the wait is 200 ms, and twice as long each time.\n")
	_, err = p.send(tcpRST, "")
	return err
}

// missOne gets several segments, does as if the first had been lost, and says so three times. Where the computer has much to
// do, what is sent at once may come late all the same. So it may try more than once.
func missOne(b *bench) error {
	const segments, tries, atOnce = 5, 5, 150 * time.Millisecond // the part's time is over after 200 ms
	b.printf("\n[3] Port 19 sends %d segments, and we lose the first. For the others we acknowledge what we have: nothing.\n\n", segments)
	var lost arrived
	for took, try := atOnce, uint16(0); took >= atOnce; try++ {
		if try == tries {
			return fmt.Errorf("it came again after %v, when the time was over", took)
		}
		p, err := openTo(b, 40030+try, 19, segments*1460)
		if err != nil {
			return err
		}
		if lost, took, err = p.loseFirst(segments); err != nil {
			return err
		}
	}
	third := tcpPeer{b: b}
	for i := range 3 {
		third.tell("we", tcpACK, 1, 1, fmt.Sprintf("for segment %d", i+2))
	}
	third.tell("the part", tcpACK, 1, 1, fmt.Sprintf("%d bytes, at once", len(lost.data)))
	b.printf("\nThe third duplicate is enough. It does not wait until the time is over.\n")
	return nil
}

// loseFirst takes so many segments, acknowledges three times that the first is missing, and returns it and how long it took
// to come again.
func (p *tcpPeer) loseFirst(segments int) (lost arrived, took time.Duration, err error) {
	start := p.ack
	for i := range segments {
		a, err := p.receive(answerLimit)
		if err != nil {
			return lost, 0, fmt.Errorf("segment %d: %w", i+1, err)
		}
		if i == 0 {
			lost = a
		}
	}
	end, since := p.ack, time.Now()
	p.ack = start
	for range 3 {
		if _, err := p.send(tcpACK, ""); err != nil {
			return lost, 0, err
		}
	}
	p.ack += lost.length() // which again takes back
	if took, err = p.again(lost, since, 0); err != nil {
		return lost, 0, err
	}
	p.ack = end
	_, err = p.send(tcpRST, "")
	return lost, took, err
}

// sendTheEndFirst sends the second half of something before the first.
func sendTheEndFirst(b *bench) error {
	b.printf("\n[4] We send the second half of %q before the first.\n\n", echoData)
	p, err := openTo(b, 40023, 7, 64240)
	if err != nil {
		return err
	}
	const half = uint32(len(echoData) / 2)
	start := p.seq
	p.seq += half
	p.tell("we", tcpPSH|tcpACK, 1+half, 1, "the second half")
	if _, err := p.send(tcpPSH|tcpACK, echoData[half:]); err != nil {
		return err
	}
	a, err := p.receive(answerLimit)
	switch {
	case err != nil:
		return fmt.Errorf("no word about a gap: %w", err)
	case a.ack != start || len(a.data) > 0:
		return fmt.Errorf("the part acknowledges %d and sends %d bytes, want 1 and none", a.ack-p.iss, len(a.data))
	}
	p.tell("the part", tcpACK, 1, 1, "there is something missing")
	p.seq = start
	p.tell("we", tcpPSH|tcpACK, 1, 1, "the first half")
	if _, err := p.send(tcpPSH|tcpACK, echoData[:half]); err != nil {
		return err
	}
	p.seq += uint32(len(echoData)) - half
	echo := ""
	for i := 0; len(echo) < len(echoData); i++ {
		a, err := p.expect(tcpACK)
		if err != nil {
			return fmt.Errorf("both halves are there: %w", err)
		}
		if i == 0 {
			p.tell("the part", tcpACK, 1, uint32(1+len(echoData)), "it has everything")
		}
		echo += string(a.data)
	}
	if echo != echoData {
		return fmt.Errorf("%q came back as %q", echoData, echo)
	}
	b.printf("\nIt has kept the half that came too early, and acknowledges both together. The echo says %q.\n", echo)
	_, err = p.send(tcpRST, "")
	return err
}

// keepTheWindowClosed closes the window and waits until the part asks for it.
func keepTheWindowClosed(b *bench) error {
	const wnd = 1460
	b.printf("\n[5] Port 19 again. We take one segment, and say that the window is 0.\n\n")
	p, err := openTo(b, 40024, 19, wnd)
	if err != nil {
		return err
	}
	if _, err := p.expect(tcpACK); err != nil {
		return err
	}
	p.wnd = 0
	start, last, late := time.Now(), time.Duration(0), time.Duration(0)
	for _, wait := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond} {
		late += wait
		if _, err := p.send(tcpACK, ""); err != nil {
			return err
		}
		probe, err := p.receive(late*3/2 + answerLimit)
		switch took := time.Since(start); {
		case err != nil:
			return fmt.Errorf("the part does not ask for the window: %w", err)
		case len(probe.data) > 1:
			return fmt.Errorf("%d bytes came into a window of 0", len(probe.data))
		case took < late/2:
			return fmt.Errorf("the part asks after %v already", took)
		default:
			p.ack -= uint32(len(probe.data)) // there is no room for it
			p.tell("the part", tcpACK, 1+wnd, 1, fmt.Sprintf("1 byte, after %v", (took-last).Round(10*time.Millisecond)))
			p.tell("we", tcpACK, 1, 1+wnd, "window 0")
			last = took
		}
	}
	p.wnd = wnd
	if _, err := p.send(tcpACK, ""); err != nil {
		return err
	}
	more, err := p.expect(tcpACK)
	if err != nil {
		return err
	}
	b.printf("\nIt asks, as the word that opens the window might be lost. We open it, and %d bytes come.\n", len(more.data))
	_, err = p.send(tcpRST, "")
	return err
}
