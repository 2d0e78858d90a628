package world

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Setup is all that decides what will happen: who the hosts are, how the cable is, and what is done when.
type Setup struct {
	Hosts   [2]Kind       `json:"hosts"`
	Delay   time.Duration `json:"delay"`  // of the cable, each way
	Rate    int64         `json:"rate"`   // bit/s each way, 0: unlimited
	Queue   int           `json:"queue"`  // frames that wait at each end while the cable is busy
	Loss    float64       `json:"loss"`   // share of the frames, 0 to 1
	Seed    uint64        `json:"seed"`   // of all that is random
	Known   bool          `json:"known"`  // the hosts know each other's MAC address from the beginning
	At      time.Duration `json:"at"`     // where it is to begin to be looked at
	Actions []Action      `json:"-"`      // in the order in which they are done
	Lesson  string        `json:"lesson"` // the ID of a guided experiment, or empty
}

// A Kind is which program a host runs.
type Kind struct {
	Part  int  `json:"part"`  // 1 to 5
	Plain bool `json:"plain"` // part 5 without SACK and timestamps
	Reno  bool `json:"reno"`  // part 5 with Reno's congestion control, and not CUBIC's
}

// Default is part 5 at both ends of a cable of 20 ms and 10 Mbit/s.
func Default() Setup {
	return Setup{Hosts: [2]Kind{{Part: 5}, {Part: 5}}, Delay: 20 * time.Millisecond, Rate: 10e6, Queue: 50, Seed: 1}
}

// Bounds of what a URL may ask for.
const (
	maxDelay   = 10 * time.Second
	maxRate    = 1e9
	maxQueue   = 10_000
	maxActions = 1000
	maxTime    = 1000 * time.Hour
)

// ParseSetup reads what Query writes. What is not mentioned is as in Default.
func ParseSetup(query string) (Setup, error) {
	s := Default()
	values, err := url.ParseQuery(query)
	if err != nil {
		return s, fmt.Errorf("this is no query of a URL: %w", err)
	}
	get := func(name string, f func(text string) error) {
		if text := values.Get(name); text != "" && err == nil {
			if e := f(text); e != nil {
				err = fmt.Errorf("%s=%s: %w", name, text, e)
			}
		}
	}
	get("a", func(t string) error { return s.Hosts[0].parse(t) })
	get("b", func(t string) error { return s.Hosts[1].parse(t) })
	get("delay", func(t string) (err error) { s.Delay, err = number[time.Duration](t, maxDelay); return err })
	get("rate", func(t string) (err error) { s.Rate, err = number[int64](t, maxRate); return err })
	get("queue", func(t string) (err error) { s.Queue, err = number(t, maxQueue); return err })
	get("loss", func(t string) (err error) {
		if s.Loss, err = strconv.ParseFloat(t, 64); err == nil && !(s.Loss >= 0 && s.Loss <= 1) {
			err = errors.New("want a share from 0 to 1")
		}
		return err
	})
	get("seed", func(t string) (err error) { s.Seed, err = strconv.ParseUint(t, 10, 64); return err })
	get("arp", func(t string) error { s.Known = t == "known"; return nil })
	get("x", func(t string) error {
		if Find(t) == nil {
			return errors.New("there is no such experiment")
		}
		s.Lesson = t
		return nil
	})
	get("t", func(t string) (err error) { s.At, err = number[time.Duration](t, maxTime); return err })
	get("do", func(t string) (err error) { s.Actions, err = parseActions(t); return err })
	return s, err
}

// number reads a number from 0 to limit.
func number[T ~int | ~int64](text string, limit T) (T, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > int64(limit) {
		return 0, fmt.Errorf("want a number from 0 to %d", int64(limit))
	}
	return T(n), nil
}

func (k *Kind) parse(text string) error {
	part, reno := strings.CutSuffix(text, "r")
	part, plain := strings.CutSuffix(part, "p")
	n, err := number(part, 5)
	if err != nil || n == 0 || (plain || reno) && n != 5 {
		return errors.New("want a part from 1 to 5; 5p is part 5 without SACK, 5r with Reno, 5pr both")
	}
	*k = Kind{n, plain, reno}
	return nil
}

func (k Kind) String() string {
	text := strconv.Itoa(k.Part)
	if k.Plain {
		text += "p"
	}
	if k.Reno {
		text += "r"
	}
	return text
}

// Query writes the Setup as the query of a URL. Two Setups that are the same give the same text.
func (s Setup) Query() string {
	var q []string
	add := func(name, value string) { q = append(q, name+"="+value) }
	if s.Lesson != "" {
		add("x", s.Lesson)
	}
	add("a", s.Hosts[0].String())
	add("b", s.Hosts[1].String())
	add("delay", strconv.FormatInt(int64(s.Delay), 10))
	add("rate", strconv.FormatInt(s.Rate, 10))
	add("queue", strconv.Itoa(s.Queue))
	if s.Loss > 0 {
		add("loss", strconv.FormatFloat(s.Loss, 'g', -1, 64))
	}
	add("seed", strconv.FormatUint(s.Seed, 10))
	if s.Known {
		add("arp", "known")
	}
	if s.At > 0 {
		add("t", strconv.FormatInt(int64(s.At), 10))
	}
	if len(s.Actions) > 0 {
		add("do", formatActions(s.Actions))
	}
	return strings.Join(q, "&")
}

// A Part is what the page says of a part, and what its hosts can do.
type Part struct {
	Number int      `json:"number"`
	Name   string   `json:"name"`
	Can    []string `json:"can"` // actions of its applications
}

// Parts are the five parts.
var Parts = []Part{
	{1, "Ethernet and ARP", []string{"resolve"}},
	{2, "IPv4 and ICMP", []string{"resolve", "ping"}},
	{3, "The TCP handshake", []string{"resolve", "ping", "dial", "abort"}},
	{4, "TCP data", []string{"resolve", "ping", "dial", "write", "read", "shut", "close", "abort"}},
	{5, "Retransmission", []string{"resolve", "ping", "dial", "write", "read", "shut", "close", "abort"}},
}
