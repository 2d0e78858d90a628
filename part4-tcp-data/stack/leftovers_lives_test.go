package stack

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"time"
)

// lives are the ways in which the connections of TestLeftovers live and end, each on
// the port of its place in the list. The server has connections from AcceptTCP.
var lives = []struct {
	name           string
	client, server func(*Conn) error
}{
	{"the client closes first", func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) }, untilEOF},
	{"the server closes first",
		func(c *Conn) error { return errors.Join(askEcho(c), wantEOF(c), c.Close()) },
		func(c *Conn) error { return errors.Join(echoOnce(c), c.Close()) }},
	{"both close at the same time",
		func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) },
		func(c *Conn) error { return errors.Join(echoOnce(c), c.Close()) }},
	{"the client closes its half, then the server sends more",
		func(c *Conn) error {
			_, err := c.Write(echoText)
			err = errors.Join(err, c.CloseWrite(), wantText(c), wantEOF(c))
			return errors.Join(err, c.Close())
		},
		func(c *Conn) error {
			text, err := io.ReadAll(c)
			c.Write(text)
			return errors.Join(err, c.Close())
		}},
	{"the client resets",
		func(c *Conn) error { return errors.Join(askEcho(c), c.SetLinger(0), c.Close()) }, untilReset},
	{"the server resets",
		func(c *Conn) error {
			_, err := c.Write(echoText)
			return errors.Join(err, wantReset(c), c.Close())
		},
		func(c *Conn) error { return errors.Join(wantText(c), c.SetLinger(0), c.Close()) }},
	{"the client closes and has not read all", // which is a reset, too
		func(c *Conn) error {
			_, err := c.Write(echoText)
			_, err2 := c.Read(make([]byte, 1))
			return errors.Join(err, err2, c.Close())
		}, untilReset},
	{"the client has a deadline, and closes its halves one by one",
		func(c *Conn) error {
			err := errors.Join(c.SetDeadline(time.Now().Add(time.Hour)), askEcho(c))
			return errors.Join(err, c.CloseRead(), c.CloseWrite(), c.Close())
		}, untilEOF},
	{"the client closes, and the server takes its time", // longer than an orphan waits
		func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) },
		func(c *Conn) error {
			err := errors.Join(echoOnce(c), wantEOF(c))
			time.Sleep(orphanTimeout + time.Second)
			return errors.Join(err, c.Close())
		}},
}

var echoText = bytes.Repeat([]byte("0123456789"), 500) // four segments, two chunks

func askEcho(c *Conn) error {
	_, err := c.Write(echoText)
	return errors.Join(err, wantText(c))
}

func wantText(c *Conn) error {
	got := make([]byte, len(echoText))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, echoText) {
		return errors.New("the echo is another text")
	}
	return nil
}

func wantEOF(c *Conn) error {
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return errors.New("the stream goes on")
	}
	return nil
}

func wantReset(c *Conn) error {
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		return errors.New("no reset")
	}
	return nil
}

func echoOnce(c *Conn) error {
	err := wantText(c)
	c.Write(echoText)
	return err
}

func untilEOF(c *Conn) error   { return errors.Join(echoOnce(c), wantEOF(c), c.Close()) }
func untilReset(c *Conn) error { return errors.Join(echoOnce(c), wantReset(c), c.Close()) }
