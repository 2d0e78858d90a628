package world

import (
	"encoding/hex"
	"errors"
	"io"
	"time"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/pcap"
)

// Since says what somebody knows already: how many changes of frames, how many lines, how many samples.
type Since struct {
	Changes int  `json:"changes"`
	Lines   int  `json:"lines"`
	Samples int  `json:"samples"`
	Hosts   bool `json:"hosts"` // the tables of what the hosts know are wanted
}

// A View is what there is to show.
type View struct {
	Now     int64      `json:"now"`
	Query   string     `json:"query"`
	Ahead   int        `json:"ahead"` // how many actions are still to come
	Full    bool       `json:"full,omitempty"`
	Frames  []*Frame   `json:"frames"` // new ones, and those to which something has happened
	Lines   []Line     `json:"lines"`
	Samples []Sample   `json:"samples"`
	Since   Since      `json:"since"` // for the next View
	Apps    [2]App     `json:"apps"`
	Hosts   [2][]Group `json:"hosts,omitempty"` // what the hosts know, if it was asked for
}

// An App is what an application has done with its connection.
type App struct {
	Connected bool  `json:"connected"`
	Wrote     int64 `json:"wrote"`
	Read      int64 `json:"read"`
	Pace      int   `json:"pace"` // bytes a second, -1: as fast as they come
}

// View returns what has happened since somebody looked last.
func (w *World) View(since Since) View {
	v := View{
		Now: int64(w.Now()), Query: w.Setup().Query(), Ahead: len(w.setup.Actions) - w.done, Full: w.Full(),
		Frames: []*Frame{}, Lines: []Line{}, Samples: []Sample{},
		Since: Since{Changes: len(w.changes), Lines: len(w.lines), Samples: len(w.samples)},
	}
	seen := make(map[int]bool)
	for _, id := range w.changes[min(since.Changes, len(w.changes)):] {
		if !seen[id] {
			seen[id] = true
			v.Frames = append(v.Frames, w.frames[id])
		}
	}
	v.Lines = append(v.Lines, w.lines[min(since.Lines, len(w.lines)):]...)
	v.Samples = append(v.Samples, w.samples[min(since.Samples, len(w.samples)):]...)
	if since.Hosts {
		for i, h := range w.hosts {
			v.Hosts[i], _ = groups(h.info()) // a struct of plain values has JSON
		}
	}
	for i, a := range w.apps {
		a.mu.Lock()
		v.Apps[i] = App{Connected: a.conn != nil, Wrote: a.wrote, Read: a.read, Pace: a.pace}
		a.mu.Unlock()
	}
	return v
}

// Bytes is a frame to be read byte by byte.
type Bytes struct {
	Hex    string        `json:"hex"`
	Text   string        `json:"text"`
	Fields []stack.Field `json:"fields"`
}

var errNoFrame = errors.New("there is no such frame")

// Bytes returns the bytes of a frame as they are now, and what they are.
func (w *World) Bytes(id int) (Bytes, error) {
	if id < 0 || id >= len(w.frames) {
		return Bytes{}, errNoFrame
	}
	f := w.frames[id]
	return Bytes{hex.EncodeToString(f.raw), f.Text, stack.Fields(f.raw)}, nil
}

// Capture writes all frames, with the instants at which they were sent, to a file for Wireshark.
func (w *World) Capture(out io.Writer) error {
	p, err := pcap.NewWriter(out)
	if err != nil {
		return err
	}
	for _, f := range w.frames {
		if err := p.WriteFrame(w.start.Add(time.Duration(f.Sent)), f.raw); err != nil {
			return err
		}
	}
	return nil
}
