//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"framebyframe/shared/script"
	"framebyframe/shared/suite/outside"
	"framebyframe/shared/suite/scripts"
)

// A job is one thing to play.
type job struct {
	Chapter int
	File    string
	Name    string
	RFC     string
	Says    string // the RFC's sentence
	alone   bool   // it counts on a limit that all of the program's peers share
	takes   time.Duration
	play    func(j *job, t *verdict, h *hub, host outside.Host, ports uint16)
}

func (j *job) title() string { return j.File + ": " + j.Name }

// A collection is all that is to be played, and what is left out, by chapter.
type collection struct {
	jobs  []*job
	inner [6]int // scripts that need more of a stack than its frames
	long  [6]int // scripts that take longer than a minute
}

// longest is how long a script may take without -long.
const longest = time.Minute

// collect finds what there is to play.
func collect(opt options) (*collection, error) {
	c := &collection{}
	add := func(j *job) {
		switch {
		case j.Chapter > opt.part || !strings.Contains(j.title(), opt.only):
		case j.takes > longest && !opt.long:
			c.long[j.Chapter]++
		default:
			c.jobs = append(c.jobs, j)
		}
	}
	for _, check := range outside.All() {
		add(checkJob(check))
	}
	files, err := scripts.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, s := range f.Scripts {
			if s.Until != 0 && s.Until < 5 {
				continue // what a part cannot do yet is nothing that a stack has to do
			}
			if service := s.Keys["outside"]; service == "" || service == "no" || needsMore(s.Text()) {
				if s.From <= opt.part && strings.Contains(f.Name+": "+s.Name, opt.only) && s.Try == "" {
					c.inner[s.From]++
				}
				continue
			}
			j, err := scriptJob(f, s)
			if err != nil {
				return nil, err
			}
			add(j)
		}
	}
	return c, nil
}

// The times of the checks and scripts, on a machine that may have other things to do.
const (
	late   = 400 * time.Millisecond // how long an answer may take that is to come at once
	quiet  = 150 * time.Millisecond // for how long nothing may come where nothing may
	settle = 40 * time.Millisecond  // at a script's end
	early  = 60 * time.Millisecond  // what the clocks may differ
)

// checkJob is a check of package outside.
func checkJob(c outside.Check) *job {
	j := &job{Chapter: c.From, File: c.File(), Name: c.Name, RFC: c.RFC, Says: c.Says, alone: c.Alone, takes: c.Long}
	j.play = func(_ *job, t *verdict, h *hub, who outside.Host, _ uint16) {
		dev := h.plug(who, true, nil)
		c.Play(t, outside.Setup{Device: dev, Us: who, Stack: h.stack, Late: late, Quiet: quiet})
	}
	return j
}

// services are the ports of the services that stand in for an application.
var services = map[string]uint16{"echo": 7, "discard": 9, "daytime": 13, "chargen": 19}

// serviceCalls are the calls that a service makes by itself.
var serviceCalls = []string{"accept", "read"}

var callOf = regexp.MustCompile(`(?m)^\S+ +(?:do!?|done) +(\S+)|^\S+ +(link) `)

// needsMore tells whether a script makes calls that no service makes.
func needsMore(text string) bool {
	for _, m := range callOf.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(serviceCalls, m[1]) {
			return true
		}
	}
	return false
}

// scriptJob is a script that can be played from outside. What its key "outside" says is the service at port 80.
func scriptJob(f *scripts.File, s *scripts.Script) (*job, error) {
	service := s.Keys["outside"]
	if _, ok := services[service]; !ok && service != "listen" {
		return nil, fmt.Errorf("%s: there is no service %q to play it with", s.Where(0), service)
	}
	j := &job{Chapter: s.From, File: f.Name, Name: s.Name, RFC: s.RFC, Says: strings.TrimSpace(s.Says()), alone: s.Keys["alone"] != ""}
	takes, err := script.Length(s.TextFor(1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Where(0), err)
	}
	j.takes = takes
	numbers, err := scripts.List(s.Keys["peer-iss"])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Where(0), err)
	}
	j.play = func(_ *job, t *verdict, h *hub, who outside.Host, ports uint16) {
		port := services[service]
		if port == 0 {
			port = h.listening
		}
		if err := h.introduce(who); err != nil {
			t.Fatalf("%v", err)
		}
		dev := h.plug(who, false, tcpTo(ports))
		cfg := script.Config{
			Device: dev, PeerMAC: who.MAC, PeerIP: who.IP, StackMAC: h.stack.MAC, StackIP: h.stack.IP,
			PeerPort: ports, StackPort: port, Tolerance: early, Where: s.Where,
			Outside: &script.Outside{
				Settle: settle, Late: late, Again: s.From < 5 || s.Keys["again"] != "", Skip: serviceCalls,
				AnyData: service == "chargen" || service == "daytime",
			},
		}
		for i, iss := range numbers {
			if iss != nil {
				cfg.PeerISS = *iss
			}
			if i > 0 {
				cfg.PeerPort++
				cfg.Device = h.plug(who, false, tcpTo(ports))
			}
			if f := outside.Played[s.Keys["go"]]; f != nil {
				playFunc(t, cfg, f)
				continue
			}
			playOnce(t, cfg, renumber(s.TextFor(h.day), cfg.PeerPort, port))
		}
	}
	return j, nil
}

// playOnce plays a script, and leaves nothing of it in the program.
func playOnce(t *verdict, cfg script.Config, text string) {
	peer := script.NewPeer(t, cfg)
	defer peer.Close()
	defer peer.Reset()
	peer.Play(text, nil)
}

func playFunc(t *verdict, cfg script.Config, f func(t outside.T, p *script.Peer)) {
	peer := script.NewPeer(t, cfg)
	defer peer.Close()
	defer peer.Reset()
	f(t, peer)
}

// portsEach is how many ports a script has for itself.
const portsEach = 10

// tcpTo tells whether a frame is a TCP segment to a script's ports.
func tcpTo(first uint16) func(frame []byte) bool {
	return func(f []byte) bool {
		if len(f) < 14+20+4 || f[12] != 8 || f[13] != 0 || f[14+9] != 6 {
			return false
		}
		at := 14 + int(f[14]&15)*4
		if len(f) < at+4 {
			return true // let the script have a look at it
		}
		port := uint16(f[at+2])<<8 | uint16(f[at+3])
		return first <= port && port < first+portsEach
	}
}

var portsOf = regexp.MustCompile(`\b(8000|8001|8002|8003|8004|80|81)>(8000|8001|8002|8003|8004|80|81)\b`)

// renumber gives a script ports of its own: its peers' are from 8000 on, the program's is 80, and 81 is closed.
func renumber(text string, first, service uint16) string {
	number := func(text string) string {
		switch n, _ := strconv.Atoi(text); {
		case n >= 8000:
			return strconv.Itoa(int(first) + n - 8000)
		case n == 80:
			return strconv.Itoa(int(service))
		}
		return text
	}
	return portsOf.ReplaceAllStringFunc(text, func(pair string) string {
		from, to, _ := strings.Cut(pair, ">")
		return number(from) + ">" + number(to)
	})
}

// A verdict is what a job's play comes to. It is the T of checks and scripts.
type verdict struct {
	mu  sync.Mutex
	why []string
}

func (v *verdict) Helper() {}

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.why = append(v.why, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	runtime.Goexit()
}

func (v *verdict) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.why, "\n")
}

// run plays a job once, and returns what is wrong.
func (j *job) run(h *hub, who outside.Host, ports uint16) string {
	v := &verdict{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				v.Errorf("%v", r)
			}
		}()
		j.play(j, v, h, who, ports)
	}()
	<-done
	return v.text()
}

// maxStarts is how often a program is started, if it ends or hangs by itself.
const maxStarts = 6

// A sitting is a grade under way. A program that has ended or hangs is started anew for what is still to be played.
type sitting struct {
	*collection
	opt      options
	report   *report
	start    func() (*hub, error)
	hub      *hub
	starts   int
	ports    uint16 // those behind 10000 that have been used
	lastHost int
	over     error // nothing more can be played
}

// play plays everything. What fails is played once more, alone: on a busy machine an answer may be late once.
func (c *collection) play(opt options, start func() (*hub, error)) *report {
	s := &sitting{collection: c, opt: opt, report: newReport(opt, c), start: start}
	begin := time.Now()
	var alone, together []*job
	for _, j := range c.jobs {
		if j.alone || opt.lanes == 1 {
			alone = append(alone, j)
		} else {
			together = append(together, j)
		}
	}
	again := s.inLanes(longestFirst(together))
	for _, j := range alone {
		if why := s.playAlone(j); why != "" {
			again = append(again, j)
		} else {
			s.report.add(j, "")
		}
	}
	for _, j := range again {
		if s.over != nil {
			break
		}
		s.report.add(j, s.playAlone(j))
	}
	if s.hub != nil {
		s.hub.close()
	}
	if s.over != nil {
		s.report.Broken = s.over.Error()
	}
	s.report.Seconds = time.Since(begin).Seconds()
	return s.report
}

// ready has a program that answers, and tells whether there is one.
func (s *sitting) ready() bool {
	if s.over != nil {
		return false
	}
	if s.hub != nil && s.hub.why() == nil {
		return true
	}
	if s.hub != nil {
		s.report.Ended = append(s.report.Ended, s.hub.why().Error())
		s.hub.close()
	}
	if s.starts++; s.starts > maxStarts {
		s.over = fmt.Errorf("the program was started %d times, and did not stay", maxStarts)
		return false
	}
	h, err := s.start()
	if err == nil {
		s.hub = h
		err = h.meet(s.opt.ip, s.opt.wait)
	}
	if err != nil {
		s.over = err
		return false
	}
	if s.opt.part >= 3 {
		h.listening = h.findListener()
	}
	if s.opt.part >= 4 {
		h.day = h.findDay()
	}
	return true
}

// playAlone plays a job while nothing else is played, and returns what is wrong.
func (s *sitting) playAlone(j *job) string {
	if !s.ready() {
		return s.over.Error()
	}
	s.ports += portsEach
	s.lastHost = s.lastHost%180 + 1
	why := j.run(s.hub, hostNumber(60+s.lastHost), 10000+s.ports)
	if why == "" {
		return ""
	}
	switch reason := s.hub.why(); {
	case errors.Is(reason, errInterrupted):
		s.over = reason
	case reason != nil:
		why += "\n" + reason.Error()
	case !s.hub.alive():
		why += "\nthe program hangs: it does not answer ARP any more; " + s.hub.program.words()
		s.hub.die(fmt.Errorf("the program hung after %q", j.title()))
	}
	return why
}

// inLanes plays jobs side by side, and returns those that have failed, or of which nobody knows.
func (s *sitting) inLanes(jobs []*job) (again []*job) {
	for len(jobs) > 0 && s.ready() {
		failed, rest := s.oneRound(jobs)
		again = append(again, failed...)
		jobs = rest
	}
	return append(again, jobs...)
}

// oneRound plays jobs until there are no more, or the program is gone.
func (s *sitting) oneRound(jobs []*job) (failed, rest []*job) {
	queue := make(chan *job)
	var mu sync.Mutex
	var lanes sync.WaitGroup
	for n := range s.opt.lanes {
		lanes.Add(1)
		first := s.ports
		go func() {
			defer lanes.Done()
			for j := range queue {
				first += portsEach
				why := j.run(s.hub, hostNumber(10+n), 10000+first)
				mu.Lock()
				if why != "" {
					failed = append(failed, j)
				} else {
					s.report.add(j, "")
				}
				mu.Unlock()
			}
		}()
	}
	for len(jobs) > 0 && s.hub.why() == nil {
		select {
		case queue <- jobs[0]:
			jobs = jobs[1:]
		case <-s.hub.dead:
		}
	}
	close(queue)
	lanes.Wait()
	s.ports += uint16(len(jobs)+len(failed)) + 2000 // for the next round all ports are new
	return failed, jobs
}

// longestFirst sorts jobs so that the lanes end at about the same time.
func longestFirst(jobs []*job) []*job {
	sorted := slices.Clone(jobs)
	slices.SortStableFunc(sorted, func(a, b *job) int { return cmp.Compare(b.takes, a.takes) })
	return sorted
}

// findDay finds how long the line is that the service daytime sends. Where there is none, that shows in each script.
func (h *hub) findDay() int {
	v := &verdict{}
	found := make(chan int, 1)
	go func() {
		defer close(found)
		who, first := hostNumber(1), uint16(9100)
		p := script.NewPeer(v, script.Config{
			Device: h.plug(who, false, tcpTo(first)), PeerMAC: who.MAC, PeerIP: who.IP, StackMAC: h.stack.MAC, StackIP: h.stack.IP,
			PeerPort: first, StackPort: services["daytime"], Tolerance: early,
			Outside: &script.Outside{Settle: settle, Late: late, Again: true, AnyData: true},
		})
		defer p.Close()
		defer p.Reset()
		p.Play("+0 < S 0:0(0) win 20000 <mss 1460>\n+0 > S. 0:0(0) ack 1\n", nil)
		p.Send(p.Parse(". 1:1(0) ack 1 win 20000"))
		for _, s := range p.Sent(late) {
			if s.Flags&script.FIN != 0 {
				found <- int(s.Seq) + s.Len - 1
				return
			}
		}
	}()
	if n, ok := <-found; ok {
		return n
	}
	return 31
}

// findListener finds a port on which the program listens: that of the service echo, or the one that part 3 has.
func (h *hub) findListener() uint16 {
	for i, port := range []uint16{7, 80} {
		v := &verdict{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			who, first := hostNumber(1), uint16(9000+i*portsEach)
			dev := h.plug(who, false, tcpTo(first))
			p := script.NewPeer(v, script.Config{
				Device: dev, PeerMAC: who.MAC, PeerIP: who.IP, StackMAC: h.stack.MAC, StackIP: h.stack.IP,
				PeerPort: first, StackPort: port, Tolerance: early, Outside: &script.Outside{Settle: settle, Late: late, Again: true},
			})
			defer p.Close()
			defer p.Reset()
			p.Play("+0 < S 0:0(0) win 1000 <mss 1460>\n+0 > S. 0:0(0) ack 1\n", nil)
		}()
		if <-done; v.text() == "" {
			return port
		}
	}
	return 7
}
