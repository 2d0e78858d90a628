package suite

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"framebyframe/shared/wire"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// A Recording is what the sender of a connection sees, by way of its end of a cable, for the pictures of the chapters.
// Each row begins with the time in seconds and a word; what follows it counts from the initial sequence number:
//
//	data    from, to       a segment with data is sent
//	lost    from, to       and this one will not arrive
//	ack     up to, edge    an acknowledgment has come, and how far the window reaches
//	sack    from, to       and in it, this block
type Recording struct {
	wire.Device
	mu    sync.Mutex
	start time.Time
	text  strings.Builder
	shift uint8           // of the peer's windows
	first map[bool]uint32 // the initial sequence numbers, ours under true
}

// NewRecording records what passes dev, the sender's end of a cable.
func NewRecording(dev wire.Device) *Recording {
	return &Recording{Device: dev, start: time.Now(), first: map[bool]uint32{}}
}

// Text returns what has been recorded; the stacks may go on.
func (r *Recording) Text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Rows returns how many rows begin with a word.
func (r *Recording) Rows(word string) int { return strings.Count(r.Text(), "\t"+word+"\t") }

// Row writes a row. Columns are numbers or words.
func (r *Recording) Row(columns ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(columns...)
}

func (r *Recording) put(columns ...any) {
	fmt.Fprintf(&r.text, "%.6f", time.Since(r.start).Seconds())
	for _, column := range columns {
		fmt.Fprintf(&r.text, "\t%v", column)
	}
	r.text.WriteString("\n")
}

func (r *Recording) Write(frame []byte) (int, error) {
	r.Sent("data", frame)
	return r.Device.Write(frame)
}

func (r *Recording) Read(b []byte) (int, error) {
	n, err := r.Device.Read(b)
	if err == nil {
		r.came(b[:n])
	}
	return n, err
}

// Sent notes a frame of ours with data.
func (r *Recording) Sent(what string, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seg, ok := r.segment(frame, true); ok && len(seg.Payload) > 0 {
		from := r.count(seg.Seq)
		r.put(what, from, from+len(seg.Payload))
	}
}

// came notes an acknowledgment of the peer's.
func (r *Recording) came(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seg, ok := r.segment(frame, false)
	if !ok || !seg.ACK {
		return
	}
	wnd := int(seg.Window)
	if !seg.SYN {
		wnd <<= r.shift
	}
	ack := r.count(seg.Ack)
	r.put("ack", ack, ack+wnd)
	for _, option := range seg.Options {
		if option.OptionType != layers.TCPOptionKindSACK {
			continue
		}
		for blocks := option.OptionData; len(blocks) >= 8; blocks = blocks[8:] {
			r.put("sack", r.count(binary.BigEndian.Uint32(blocks)), r.count(binary.BigEndian.Uint32(blocks[4:])))
		}
	}
}

// count is a sequence number of ours, counted from our first.
func (r *Recording) count(seq uint32) int { return int(int32(seq - r.first[true])) }

// segment takes a frame apart. A SYN's number is where we count from.
func (r *Recording) segment(frame []byte, ours bool) (*layers.TCP, bool) {
	seg, ok := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default).Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok || !seg.SYN {
		return seg, ok
	}
	r.first[ours] = seg.Seq
	for _, option := range seg.Options {
		if !ours && option.OptionType == layers.TCPOptionKindWindowScale && len(option.OptionData) == 1 {
			r.shift = option.OptionData[0]
		}
	}
	return seg, true
}
