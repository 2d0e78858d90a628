package world

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"net/netip"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/wire"
)

const (
	// maxFrames is where a world ends: all that it keeps of a frame, with the lines about it, is 2.5 kB at most.
	maxFrames = 50_000

	// landing is what passes from the end of a flight until the host has handled the frame: the hop of a segment of
	// shared/wire and the way to a lane. Step counts all of that as one event.
	landing = 2 * time.Microsecond
)

// A World is two hosts on a cable. Make it, and call its methods, in a bubble of testing/synctest, from one goroutine.
type World struct {
	setup  Setup
	done   int // of setup.Actions
	start  time.Time
	hosts  [2]host
	apps   [2]*app
	cable  [2]*wire.Impaired // what host 0 sends, and host 1
	cancel context.CancelFunc
	signal chan struct{} // something has happened
	pings  uint16

	mu      sync.Mutex // guards news and forging, nothing else, and is held for bookkeeping only
	news    []news
	forging bool

	frames  []*Frame
	changes []int // IDs of frames, in the order in which something happened to them
	lines   []Line
	samples []Sample
	last    [2]Sample         // of each host, without its instant
	flights [2]map[int]*Frame // by the ID that the cable gives them
	flows   map[flow]*stretch
	reader  *stack.Stack // is on no cable: it says what frames are, and knows where connections began
	history hash.Hash
	count   int // of what is in the history
}

// A Frame is what is known of one frame on the cable. Instants are nanoseconds since the beginning.
type Frame struct {
	ID     int      `json:"id"`
	From   int      `json:"from"`
	CopyOf int      `json:"copyOf"` // for a duplicate the original's ID, otherwise -1
	Sent   int64    `json:"sent"`
	Leaves int64    `json:"leaves"` // the cable has all of it
	Due    int64    `json:"due"`
	End    int64    `json:"end"`  // when Fate was sealed
	Fate   string   `json:"fate"` // empty: it is under way
	Forged bool     `json:"forged,omitempty"`
	Marks  []string `json:"marks,omitempty"` // what was done to it
	Len    int      `json:"len"`
	Text   string   `json:"text"` // in tcpdump's words
	summary

	raw    []byte
	flight int
}

// A Line is something that a host says: of a frame that came in or went out, of itself, or of what its application did.
type Line struct {
	At   int64  `json:"at"`
	Host int    `json:"host"`
	What string `json:"what"` // in, out, note, app
	Text string `json:"text"`
}

// news is what somebody has said since the last settle.
type news struct {
	at     time.Time
	host   int
	flight *wire.Flight // or nil
	forged bool
	line   Line
}

// New makes a world and lets time pass until Setup.At. The actions of its Setup happen when their time comes.
func New(setup Setup) *World {
	ctx, cancel := context.WithCancel(context.Background())
	setup.Actions = slices.Clone(setup.Actions)
	w := &World{setup: setup, start: time.Now(), cancel: cancel, signal: make(chan struct{}, 1)}
	w.clear()
	segment := wire.New(2)
	for i, kind := range setup.Hosts {
		w.cable[i] = wire.Impair(segment.End(i), wire.Faults{
			Delay: setup.Delay, Rate: setup.Rate, Queue: setup.Queue, Loss: setup.Loss, Seed: setup.Seed,
			OutOnly: true, Watch: func(f wire.Flight) { w.hear(i, f) },
		})
		w.hosts[i] = newHost(kind, w.cable[i], config{
			mac: macs[i], ip: netip.PrefixFrom(addresses[i], 24),
			log: logger{w, i}, rand: newRand(setup.Seed, i), kind: kind,
		})
		w.apps[i] = newApp(ctx, w, i)
	}
	if setup.Known {
		w.introduce(ctx)
	}
	w.doDue()
	w.Advance(setup.At)
	return w
}

// clear begins the history.
func (w *World) clear() {
	w.frames, w.changes, w.lines, w.samples = nil, nil, nil, nil
	w.flights = [2]map[int]*Frame{make(map[int]*Frame), make(map[int]*Frame)}
	w.flows, w.reader = make(map[flow]*stretch), stack.New(nil, stack.Config{Rand: rand.Reader})
	w.history, w.count = sha256.New(), 0
}

// introduce has the hosts ask for each other's MAC address. What they say to each other is no part of the history.
func (w *World) introduce(ctx context.Context) {
	for i := range w.hosts {
		for range 20 { // a cable that loses frames may need several
			if _, err := w.hosts[i].resolve(ctx, addresses[1-i]); err == nil {
				break
			}
		}
	}
	time.Sleep(time.Second - time.Since(w.start)%time.Second) // to a whole second, when nothing else happens
	w.settle()
	w.clear()
	w.start = time.Now()
}

// Close ends the hosts and leaves no goroutine behind.
func (w *World) Close() {
	w.cancel()
	for i := range w.hosts {
		w.hosts[i].Close()
	}
}

// Now is the time since the beginning.
func (w *World) Now() time.Duration { return time.Since(w.start) }

// Setup is how the world was made, with all actions: those that are done, and those that are still to come. Its At is now.
func (w *World) Setup() Setup {
	s := w.setup
	s.Actions, s.At = slices.Clone(s.Actions), w.Now()
	return s
}

// Full reports whether the world has come to its end: it has seen as many frames as it can keep.
func (w *World) Full() bool { return len(w.frames) >= maxFrames }

// Step lets time pass until something happens: a frame is sent, arrives or is lost, a timer fires, a state changes, or it
// is time for an action. It stops after limit, and reports whether something has happened.
func (w *World) Step(limit time.Duration) bool {
	if w.Full() {
		return false
	}
	due, ahead := w.nextAction()
	happened := w.await(min(limit, due))
	if happened && (!ahead || w.Now()+landing < w.setup.Actions[w.done].At) {
		time.Sleep(landing)
	}
	w.settle()
	return w.doDue() || happened
}

// Advance lets time pass.
func (w *World) Advance(d time.Duration) {
	end := w.Now() + d
	for rest := d; rest > 0 && !w.Full(); rest = end - w.Now() {
		due, _ := w.nextAction()
		w.await(min(rest, due))
		w.settle()
		w.doDue()
	}
}

// nextAction returns how much time there is until the next action, if there is one.
func (w *World) nextAction() (time.Duration, bool) {
	if w.done == len(w.setup.Actions) {
		return math.MaxInt64, false
	}
	return w.setup.Actions[w.done].At - w.Now(), true
}

// doDue does the actions whose time has come.
func (w *World) doDue() (some bool) {
	for due, ahead := w.nextAction(); ahead && due <= 0; due, ahead = w.nextAction() {
		a := w.setup.Actions[w.done]
		w.done++
		if err := w.do(a); err != nil {
			w.say(0, fmt.Sprintf("%s: %v", a, err))
			w.settle()
		}
		some = true
	}
	return some
}

// await waits until something happens, or for so long.
func (w *World) await(limit time.Duration) bool {
	select {
	case <-w.signal: // of what is settled
	default:
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-w.signal:
		return true
	case <-timeout.C:
		return false
	}
}

// Do does an action now. Its instant is set, and those that were to come later are forgotten: what they were about may
// not happen any more. The error says why the action is impossible; then all stays as it is.
func (w *World) Do(a Action) error {
	if w.done >= maxActions {
		return fmt.Errorf("no more than %d actions", maxActions)
	}
	a.At = w.Now()
	if err := w.do(a); err != nil {
		return err
	}
	w.setup.Actions = append(w.setup.Actions[:w.done], a)
	w.done++
	return nil
}

func (w *World) do(a Action) error {
	defer w.settle()
	switch a.What {
	case "lose", "delay", "double", "flip", "edit":
		return w.interfere(a)
	case "forge":
		return w.forge(a.host(), template(a.Args[1]))
	}
	return w.apps[a.host()].do(a)
}

// hear is told by the cable how a flight stands. It runs while the stack that sends holds its lock.
func (w *World) hear(host int, f wire.Flight) {
	if f.Fate == "" || f.Due == f.Sent { // at its end the frame is what it was before, unless it has never waited
		f.Frame = slices.Clone(f.Frame)
	} else {
		f.Frame = nil
	}
	w.mu.Lock()
	w.news = append(w.news, news{at: time.Now(), host: host, flight: &f, forged: w.forging})
	w.mu.Unlock()
	w.wake()
}

// tell keeps a line.
func (w *World) tell(host int, what, text string) {
	w.mu.Lock()
	w.news = append(w.news, news{at: time.Now(), host: host, line: Line{Host: host, What: what, Text: text}})
	w.mu.Unlock()
	w.wake()
}

// say keeps a line about what an application did.
func (w *World) say(host int, text string) { w.tell(host, "app", text) }

func (w *World) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// logger takes what a stack writes: the time, an arrow and the words.
type logger struct {
	w    *World
	host int
}

const (
	timeLen  = len("15:04:05.000000 ")
	arrowLen = len("-> ")
)

func (l logger) Write(b []byte) (int, error) {
	what := map[string]string{"<- ": "in", "-> ": "out"}[string(b[timeLen:timeLen+arrowLen])]
	if what == "" {
		what = "note"
	}
	l.w.tell(l.host, what, string(b[timeLen+arrowLen:len(b)-1]))
	return len(b), nil
}

// settle waits until nobody has anything to do in this instant, and puts what was said in order. Two hosts may act in
// the same instant, and nothing says whose goroutine runs first: the order is by time, then by host.
func (w *World) settle() {
	synctest.Wait()
	w.mu.Lock()
	list := w.news
	w.news = nil
	w.mu.Unlock()
	slices.SortStableFunc(list, func(a, b news) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.host - b.host
	})
	for _, n := range list {
		if n.flight != nil {
			w.noteFlight(n)
			continue
		}
		n.line.At = w.since(n.at)
		w.lines = append(w.lines, n.line)
		w.record(n.line.At, n.host, n.line.What+n.line.Text)
	}
	w.sample()
}

// sample notes what has changed of what charts show.
func (w *World) sample() {
	for i, a := range w.apps {
		h, ok := w.hosts[i].(sampler)
		if a == nil || !ok {
			continue
		}
		_ = a.with(func(c conn) {
			s := h.sample(c)
			if s.Host = i; s != w.last[i] {
				w.last[i] = s
				s.At = int64(w.Now())
				w.samples = append(w.samples, s)
			}
		})
	}
}

// since turns an instant into nanoseconds since the beginning.
func (w *World) since(t time.Time) int64 { return t.UnixNano() - w.start.UnixNano() }

// record adds to the history.
func (w *World) record(at int64, host int, text string) {
	var b [17]byte
	binary.BigEndian.PutUint64(b[:], uint64(at))
	binary.BigEndian.PutUint64(b[8:], uint64(len(text)))
	b[16] = byte(host)
	w.history.Write(b[:])
	w.history.Write([]byte(text))
	w.count++
}

// History is a digest of all that has happened: every byte of every frame, its instants and its fate, and every line.
func (w *World) History() string {
	return fmt.Sprintf("%d %s", w.count, hex.EncodeToString(w.history.Sum(nil)[:8]))
}

var errNotUnderWay = errors.New("this frame is not under way")
