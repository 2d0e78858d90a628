package world

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Action is one thing that is done to the world: at an instant, what, and to whom or what.
//
// What the application of a host, a or b, does:
//
//	resolve.a.4      ask for the MAC address of 10.0.0.4
//	ping.a.4.56      send an echo request with 56 bytes
//	dial.a.80        open a connection to the other host's port 80
//	write.a.1000     write 1000 bytes to the connection
//	read.b.0         read no more; read.b.5000: 5000 bytes a second; read.b.max: all, at once, as at first
//	shut.a           close the connection for writing
//	close.a          close it
//	abort.a          abort it
//
// What happens to frame 7, which is under way:
//
//	lose.7           it does not arrive
//	delay.7.30       it comes 30 ms later
//	double.7         it arrives twice
//	flip.7.300       its bit 300 arrives changed
//	edit.7.14.4600   its bytes from 14 on are replaced by 46 00
//
// And what a stranger does:
//
//	forge.b.rst      send b a frame from Templates
type Action struct {
	At   time.Duration // since the beginning
	What string
	Args []string
}

func (a Action) String() string {
	return strings.Join(append([]string{strconv.FormatInt(int64(a.At), 10), a.What}, a.Args...), ".")
}

// ParseAction reads an action as in the list above, without its instant.
func ParseAction(text string) (Action, error) {
	words := strings.Split(text, ".")
	a := Action{What: words[0], Args: words[1:]}
	check, known := grammar[a.What]
	if !known {
		return a, fmt.Errorf("nobody knows how to %q", a.What)
	}
	if len(check) != len(a.Args) {
		return a, fmt.Errorf("%s takes %d words", a.What, len(check))
	}
	for i, c := range check {
		if err := c(a.Args[i]); err != nil {
			return a, fmt.Errorf("%s: %s: %w", text, a.Args[i], err)
		}
	}
	return a, nil
}

// What an argument may be.
var (
	isHost  = oneOf("a", "b")
	isByte  = upTo(255)
	isPort  = upTo(65535)
	isSize  = upTo(65507) // of what an echo request may carry
	isBytes = upTo(1 << 30)
	isFrame = upTo(maxFrames)
	isPace  = func(s string) error {
		if s == "max" {
			return nil
		}
		return isBytes(s)
	}
	isMilliseconds = upTo(60_000)
	isBit          = upTo(8 * 65535)
	isHex          = func(s string) error {
		if _, err := hexBytes(s); err != nil || s == "" {
			return errors.New("want bytes in hex")
		}
		return nil
	}
	isTemplate = func(s string) error {
		if template(s) == nil {
			return errors.New("there is no such template")
		}
		return nil
	}
)

var grammar = map[string][]func(string) error{
	"resolve": {isHost, isByte}, "ping": {isHost, isByte, isSize},
	"dial": {isHost, isPort}, "write": {isHost, isBytes}, "read": {isHost, isPace},
	"shut": {isHost}, "close": {isHost}, "abort": {isHost},
	"lose": {isFrame}, "delay": {isFrame, isMilliseconds}, "double": {isFrame},
	"flip": {isFrame, isBit}, "edit": {isFrame, upTo(65535), isHex},
	"forge": {isHost, isTemplate},
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		for _, w := range words {
			if s == w {
				return nil
			}
		}
		return fmt.Errorf("want %s", strings.Join(words, " or "))
	}
}

func upTo(limit int) func(string) error {
	return func(s string) error {
		_, err := number(s, limit)
		return err
	}
}

// int returns argument i, which ParseAction has checked.
func (a Action) int(i int) int {
	n, _ := strconv.Atoi(a.Args[i])
	return n
}

// host returns the host that argument 0 names.
func (a Action) host() int { return int(a.Args[0][0] - 'a') }

func formatActions(list []Action) string {
	var words []string
	for _, a := range list {
		words = append(words, a.String())
	}
	return strings.Join(words, "_")
}

func parseActions(text string) (list []Action, err error) {
	words := strings.Split(text, "_")
	if len(words) > maxActions {
		return nil, fmt.Errorf("more than %d actions", maxActions)
	}
	for _, word := range words {
		at, rest, _ := strings.Cut(word, ".")
		ns, err := number(at, int64(maxTime))
		if err != nil {
			return nil, err
		}
		a, err := ParseAction(rest)
		if err != nil {
			return nil, err
		}
		a.At = time.Duration(ns)
		if n := len(list); n > 0 && a.At < list[n-1].At {
			return nil, errors.New("the actions are not in order")
		}
		list = append(list, a)
	}
	return list, nil
}
