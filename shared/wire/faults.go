package wire

import "time"

// Faults is what goes wrong on a cable, in each direction. The zero value is a
// good cable. For each frame the faults come in this order: drop, loss,
// corruption, duplication, rate and queue, delay and jitter, reordering.
type Faults struct {
	Loss      float64 // share of the frames that are lost, 0 to 1
	Duplicate float64 // share that arrives twice, the copy right behind
	Reorder   float64 // share that one to three later frames overtake
	Corrupt   float64 // share with one bit wrong behind the Ethernet header

	// Delay is added to each frame's time. Jitter moves it at random by up to that
	// much in both directions, uniformly, as tc's netem does; a sum below
	// zero counts as zero, so a Jitter above the Delay is allowed and makes a part
	// of the frames go at once. Jitter keeps the order: a frame never
	// arrives before its predecessor. Only Reorder reorders.
	Delay, Jitter time.Duration

	// Rate is the speed of the cable in bit/s, 0: unlimited. It counts the
	// bytes of the frame as Write gets it, without preamble and gap.
	Rate int64

	// Queue is how many frames wait while a Rate keeps the cable busy, not
	// counting the one that is being sent; 0: 100. The next one is lost.
	Queue int

	// Seed chooses the random decisions. Each direction of each end of a segment
	// has its own stream of them, and a frame takes the same number of draws from
	// it whatever happens, so changing one fault leaves the others' choices alone.
	Seed uint64

	// DropOut and DropIn lose the frames for which they return true. Each is
	// called once per frame, in order, and must not keep the frame.
	DropOut, DropIn func(frame []byte) bool

	// OutOnly leaves what is read as it is, so that two Impairs, one at each end
	// of a segment, give its two directions faults of their own.
	OutOnly bool

	// Watch hears of each frame's flight: when it begins, if it takes any time,
	// when something changes it, and how it ends. What holds for Report holds for Watch.
	Watch func(Flight)

	// Report hears of each fault. It runs inside Write, on a timer's goroutine
	// or on the reading one, so it must not use the device or wait for
	// anything, above all not for a lock that is held around Write.
	Report func(Event)
}

// Event is one fault on one frame.
type Event struct {
	Out   bool   // the frame was on its way out: someone wrote it
	Frame []byte // the frame as it goes on, valid during the call only
	What  string // one of the words below
	Err   error  // for Lost: what the device said of a frame that came late
}

// The words for what happens to a frame.
const (
	Dropped    = "dropped by -drop" // DropOut or DropIn chose it
	Lost       = "lost"             // by chance, or the device refused it after its delay
	Corrupted  = "corrupted"
	Duplicated = "duplicated"
	Reordered  = "reordered"
	QueueFull  = "queue full" // more frames than Queue, or than the cable can hold
)

const (
	defaultQueue = 100

	// reorderWait is how long a frame waits for others to overtake it. Without
	// a limit the last frame of a conversation would never arrive.
	reorderWait = 10 * time.Millisecond

	// maxOvertakers is how many later frames overtake a reordered frame at most.
	maxOvertakers = 3

	// maxHeld is how many frames may wait to be overtaken at a time. Beyond it a
	// frame is not chosen, or at 100 % nobody would be left to overtake.
	maxHeld = 64

	// headerLen is the Ethernet header, which stays as it is: a
	// frame for nobody would be a loss, not a corruption.
	headerLen = 14
)

// Any tells whether there is a fault at all. Without one there is no need for Impair.
func (f *Faults) Any() bool {
	return f.random() || f.Delay != 0 || f.Rate != 0 || f.DropOut != nil || f.DropIn != nil || f.Watch != nil
}

// oneWay is what of the faults concerns one direction.
func (f Faults) oneWay(out bool) Faults {
	if !out && f.OutOnly {
		return Faults{}
	}
	return f
}

// random tells whether chance decides anything.
func (f *Faults) random() bool {
	return f.Loss != 0 || f.Duplicate != 0 || f.Reorder != 0 || f.Corrupt != 0 || f.Jitter != 0
}

// timed tells whether frames may have to wait.
func (f *Faults) timed() bool {
	return f.Delay != 0 || f.Jitter != 0 || f.Rate != 0 || f.Reorder != 0
}
