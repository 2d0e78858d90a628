package stack

import (
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// recordDir has TestRecordings keep what it records, for the pictures of the chapters:
// "go run ./shared/book plots" does so.
var recordDir = flag.String("record", "", "write recordings to this `directory`")

// recordings are transfers that the chapters have pictures of, by name. Each returns what
// it has recorded. All happens in virtual time, so it is the same each time.
var recordings = map[string]func(t *testing.T) *recording{}

func TestRecordings(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(recordings)) {
		t.Run(name, func(t *testing.T) {
			var r *recording
			synctest.Test(t, func(t *testing.T) { r = recordings[name](t) })
			if *recordDir == "" || r == nil {
				return
			}
			if err := os.WriteFile(filepath.Join(*recordDir, name+".tsv"), []byte(r.rowsSoFar()), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A recording is what the sender of a connection sees. Each row begins with the time in
// seconds and a word; what follows it counts from the initial sequence number:
//
//	data    from, to       a segment with data is sent
//	lost    from, to       and this one will not arrive
//	ack     up to, edge    an acknowledgment has come, and how far the window reaches
//	sack    from, to       and in it, this block
type recording struct {
	wire.Device
	mu    sync.Mutex
	start time.Time
	text  strings.Builder
	shift uint8 // of the peer's windows
	first map[bool]seqNum
}

// newRecording records what passes dev, the sender's end of a cable.
func newRecording(dev wire.Device) *recording {
	return &recording{Device: dev, start: time.Now(), first: map[bool]seqNum{}}
}

// rowsSoFar returns what has been recorded; the stacks may go on.
func (r *recording) rowsSoFar() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// put writes a row; columns are numbers or words. The lock is held.
func (r *recording) put(columns ...any) {
	fmt.Fprintf(&r.text, "%.6f", time.Since(r.start).Seconds())
	for _, column := range columns {
		fmt.Fprintf(&r.text, "\t%v", column)
	}
	r.text.WriteString("\n")
}

func (r *recording) Write(frame []byte) (int, error) {
	r.sent("data", frame)
	return r.Device.Write(frame)
}

func (r *recording) Read(b []byte) (int, error) {
	n, err := r.Device.Read(b)
	if err == nil {
		r.came(b[:n])
	}
	return n, err
}

// sent notes a frame of ours with data.
func (r *recording) sent(what string, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seg, ok := r.segment(frame, true); ok && len(seg.data) > 0 {
		from := int(int32(seg.seq - r.first[true]))
		r.put(what, from, from+len(seg.data))
	}
}

// came notes an acknowledgment of the peer's.
func (r *recording) came(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seg, ok := r.segment(frame, false)
	if !ok || seg.flags&flagACK == 0 {
		return
	}
	wnd := int(seg.wnd)
	if seg.flags&flagSYN == 0 {
		wnd <<= r.shift
	}
	ack := int(int32(seg.ack - r.first[true]))
	r.put("ack", ack, ack+wnd)
	const tcpOptionBlocks = 5 // SACK, RFC 2018 3
	blocks, _ := findOption(seg.options, tcpOptionBlocks)
	for ; len(blocks) >= 8; blocks = blocks[8:] {
		edge := func(at int) int {
			return int(int32(binary.BigEndian.Uint32(blocks[at:]) - uint32(r.first[true])))
		}
		r.put("sack", edge(0), edge(4))
	}
}

// segment takes a frame apart. A SYN's number is where we count from.
func (r *recording) segment(frame []byte, ours bool) (seg segment, ok bool) {
	eth, packet, err := parseEther(frame)
	if err != nil || eth.etherType != etherTypeIPv4 {
		return seg, false
	}
	h, payload, err := parsedIPv4(packet)
	if err != nil || h.protocol != protocolTCP {
		return seg, false
	}
	if seg, err = parsedTCP(payload, h.src, h.dst); err != nil {
		return seg, false
	}
	if seg.flags&flagSYN != 0 {
		r.first[ours] = seg.seq
		if !ours {
			r.shift = seg.opt.shift
		}
	}
	return seg, true
}

// recordPair connects two stacks over a bad cable. It returns the sender's end and the
// receiver's, and what the sender sees from now on. prepare may change the stacks before
// they run. The caller has to close both stacks.
func recordPair(t *testing.T, faults wire.Faults, prepare func(s *Stack)) (from, to *Conn, r *recording) {
	seg := wire.New(2)
	faults.Report = func(e wire.Event) {
		if e.Out && (e.What == wire.Dropped || e.What == wire.Lost || e.What == wire.QueueFull) {
			r.sent("lost", e.Frame)
		}
	}
	r = newRecording(wire.Impair(seg.End(0), faults))
	ours, peer := New(r, quietConfig()), New(seg.End(1), honestConfig())
	for _, s := range []*Stack{ours, peer} {
		prepare(s)
		go s.Run()
	}
	l, err := peer.Listen(9)
	if err != nil {
		t.Fatal(err)
	}
	if from, err = ours.DialTCP(t.Context(), netip.AddrPortFrom(peerIP, 9)); err != nil {
		t.Fatal(err)
	}
	if to, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	return from, to, r
}

// rows returns how many rows begin with a word.
func (r *recording) rows(word string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.text.String(), "\t"+word+"\t")
}
