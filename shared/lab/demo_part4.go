//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// part4Steps show how a part moves data and how its connections end.
var part4Steps = []step{whoIsWho, talk, hangUp, letThePartHangUp, closeTheWindow, letTheKernelFetch, yourTurn}

// talk sends data to the part's echo service, and shows the segment and the answer byte by byte.
func talk(b *bench) error {
	b.printf("\n[1] A third host, %s, which this demo plays, has a connection to port 7, where an echo lives,\n"+
		"    and sends %d bytes.\n", thirdIP, len(echoData))
	p, err := openTo(b, 40010, 7, 64240)
	if err != nil {
		return err
	}
	sent, err := p.send(tcpPSH|tcpACK, echoData)
	if err != nil {
		return err
	}
	echo, err := p.expect(tcpACK)
	if err == nil && len(echo.data) == 0 { // the echo was so slow that the acknowledgment went ahead
		echo, err = p.expect(tcpACK)
	}
	if err != nil {
		return err
	}
	if string(echo.data) != echoData {
		return fmt.Errorf("%q came back as %q", echoData, echo.data)
	}
	b.printf("\n%s", sideBySide(dataFields, sent, echo.frame))
	b.printf("  and %q in both of them.\n\n", echoData)
	b.printf("The answer acknowledges %d, which is our %d and %d more: our data have arrived. Its own data take the\n"+
		"acknowledgment along, so that two segments do the work of three.\n", echo.ack, p.seq-uint32(len(echoData)), len(echoData))
	_, err = p.send(tcpRST, "") // and away with it
	return err
}

// hangUp closes a connection: the part is told, and closes, too.
func hangUp(b *bench) error {
	b.printf("\n[2] Another one, and we hang up at once. Numbers are counted from the start of each stream.\n\n")
	p, err := openTo(b, 40011, 7, 64240)
	if err != nil {
		return err
	}
	p.tell("we", tcpFIN|tcpACK, 1, 1, "we will say no more")
	if _, err := p.send(tcpFIN|tcpACK, ""); err != nil {
		return err
	}
	if _, err := p.expect(tcpACK); err != nil {
		return err
	}
	p.tell("the part", tcpACK, 1, 2, "ESTABLISHED -> CLOSE-WAIT: it knows")
	if _, err := p.expect(tcpFIN | tcpACK); err != nil {
		return err
	}
	p.tell("the part", tcpFIN|tcpACK, 1, 2, "CLOSE-WAIT -> LAST-ACK: neither will the echo")
	p.tell("we", tcpACK, 2, 2, "LAST-ACK -> CLOSED")
	for range 2 { // the second time nobody should know us any more
		if _, err := p.send(tcpACK, ""); err != nil {
			return err
		}
	}
	if _, err := p.expect(tcpRST); err != nil {
		return fmt.Errorf("after its last ACK the connection should be forgotten: %w", err)
	}
	b.printf("\nBoth directions are closed. One more segment, and the answer is a reset: no such connection.\n")
	return nil
}

// letThePartHangUp lets the part close first, and sends its FIN twice, as if the part's last ACK had been lost.
func letThePartHangUp(b *bench) error {
	b.printf("\n[3] Port 13 tells the time and hangs up first.\n\n")
	p, err := openTo(b, 40012, 13, 64240)
	if err != nil {
		return err
	}
	said := ""
	for closed := false; !closed; {
		a, err := p.receive(answerLimit)
		if err != nil {
			return fmt.Errorf("no time of day, or no FIN behind it: %w", err)
		}
		said, closed = said+string(a.data), a.flags&tcpFIN != 0
	}
	end := uint32(1 + len(said))
	b.printf("  the part  says %q\n", said)
	p.tell("the part", tcpFIN|tcpACK, end, 1, "ESTABLISHED -> FIN-WAIT-1")
	if _, err := p.send(tcpACK, ""); err != nil {
		return err
	}
	p.tell("we", tcpACK, 1, end+1, "FIN-WAIT-1 -> FIN-WAIT-2: it waits for our FIN")
	for _, does := range []string{"FIN-WAIT-2 -> TIME-WAIT", "and once more, as if its ACK had been lost"} {
		p.tell("we", tcpFIN|tcpACK, 1, end+1, does)
		if _, err := p.send(tcpFIN|tcpACK, ""); err != nil {
			return err
		}
		if _, err := p.expect(tcpACK); err != nil {
			return err
		}
		p.tell("the part", tcpACK, end+1, 2, "it has our FIN")
		p.seq-- // the next FIN is the same one
	}
	b.printf("\nWho closes first must stay a while to answer that. The state is called TIME-WAIT.\n")
	return nil
}

// closeTheWindow takes from a service that never stops, with a window of 0 for a while.
func closeTheWindow(b *bench) error {
	const wnd = 1460 // with any more the part would wait a little, and then send that, too
	b.printf("\n[4] Port 19 sends characters without end. We promise to take %d bytes.\n", wnd)
	p, err := openTo(b, 40013, 19, wnd)
	if err != nil {
		return err
	}
	first, err := p.expect(tcpACK)
	if err != nil {
		return err
	}
	if len(first.data) == 0 || len(first.data) > wnd {
		return fmt.Errorf("%d bytes came into a window of %d", len(first.data), wnd)
	}
	b.printf("It sends %d, a full segment. We acknowledge them with a window of 0.\n", len(first.data))
	p.wnd = 0
	if _, err := p.send(tcpACK, ""); err != nil {
		return err
	}
	a, err := p.receive(silence)
	switch {
	case err == nil:
		return fmt.Errorf("%d bytes came into a window of 0", len(a.data))
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	p.wnd = wnd
	if _, err := p.send(tcpACK, ""); err != nil {
		return err
	}
	more, err := p.expect(tcpACK)
	if err != nil {
		return err
	}
	if len(more.data) == 0 || len(more.data) > wnd {
		return fmt.Errorf("%d bytes came into a window of %d", len(more.data), wnd)
	}
	b.printf("Silence for %v. We open the window again, and %d more come at once.\n", silence, len(more.data))
	_, err = p.send(tcpRST, "")
	return err
}

// letTheKernelFetch fetches the part's page over a connection of the kernel's.
func letTheKernelFetch(b *bench) error {
	b.printf("\n[5] ")
	if !b.kernel {
		b.printf("The kernel's own connection is left out: this cable does not lead to the kernel.\n")
		return nil
	}
	b.printf("Now the kernel opens a connection, and we ask for the page on port 80.\n\n")
	conn, err := net.DialTimeout("tcp", partIP.String()+":80", answerLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerLimit))
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	page, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("the page does not end: %w", err)
	}
	status, _, _ := strings.Cut(string(page), "\r\n")
	if !strings.HasSuffix(status, " 200 OK") {
		return fmt.Errorf("the web server says %q", status)
	}
	b.printf("  %s\n\nand a page of the part's own tables. What sends it is Go's net/http: to it, our connections are like all others.\n", status)
	return nil
}
