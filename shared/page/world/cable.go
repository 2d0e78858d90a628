package world

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"framebyframe/part5-retransmission/stack"
)

// noteFlight keeps what the cable says of a flight.
func (w *World) noteFlight(n news) {
	fl := n.flight
	f := w.flights[n.host][fl.ID]
	if f == nil {
		f = &Frame{ID: len(w.frames), From: n.host, CopyOf: -1, Sent: w.since(fl.Sent), Forged: n.forged, flight: fl.ID}
		if fl.CopyOf >= 0 {
			if original := w.flights[n.host][fl.CopyOf]; original != nil {
				f.CopyOf, f.Marks = original.ID, []string{"a copy"}
			}
		}
		w.frames = append(w.frames, f)
		w.flights[n.host][fl.ID] = f
		f.look(w, fl.Frame)
	} else if fl.Frame != nil && !slices.Equal(f.raw, fl.Frame) {
		f.look(w, fl.Frame)
	}
	f.Leaves, f.Due = w.since(fl.Leaves), w.since(fl.Due)
	w.changes = append(w.changes, f.ID)
	w.record(w.since(n.at), n.host, fmt.Sprint(fl.ID, fl.CopyOf, f.Sent, f.Leaves, f.Due, fl.Fate)+string(fl.Frame))
	if fl.Fate != "" {
		f.Fate, f.End = fl.Fate, w.since(n.at)
		delete(w.flights[n.host], fl.ID)
	}
}

// look notes what the frame is.
func (f *Frame) look(w *World, raw []byte) {
	f.raw, f.Len = raw, len(raw)
	if f.Forged {
		f.Text = stack.Describe(raw) // a false SYN is not to count as the beginning of a connection
	} else {
		f.Text = w.reader.Describe(raw)
	}
	f.summary = w.summarise(f, raw)
}

// underWay returns a frame that can still be interfered with.
func (w *World) underWay(id int) (*Frame, error) {
	if id >= len(w.frames) || w.frames[id].Fate != "" {
		return nil, errNotUnderWay
	}
	return w.frames[id], nil
}

// interfere does something to a frame under way.
func (w *World) interfere(a Action) error {
	f, err := w.underWay(a.int(0))
	if err != nil {
		return err
	}
	way := w.cable[f.From].Out()
	done, mark := false, ""
	switch a.What {
	case "lose":
		done = way.Lose(f.flight)
	case "delay":
		mark = fmt.Sprintf("%d ms late", a.int(1))
		done = way.Postpone(f.flight, time.Duration(a.int(1))*time.Millisecond)
	case "double":
		mark = "doubled"
		done = way.Duplicate(f.flight)
	case "flip":
		raw, bit := slices.Clone(f.raw), a.int(1)
		if bit >= 8*len(raw) {
			return fmt.Errorf("the frame has %d bits", 8*len(raw))
		}
		raw[bit/8] ^= 0x80 >> (bit % 8)
		mark = fmt.Sprintf("bit %d of byte %d changed", 7-bit%8, bit/8)
		done = way.Rewrite(f.flight, raw)
	case "edit":
		raw, at := slices.Clone(f.raw), a.int(1)
		with, err := hexBytes(a.Args[2])
		if err != nil || at+len(with) > len(raw) {
			return fmt.Errorf("the frame has %d bytes", len(raw))
		}
		copy(raw[at:], with)
		mark = fmt.Sprintf("byte %d changed", at)
		if len(with) > 1 {
			mark = fmt.Sprintf("bytes %d to %d changed", at, at+len(with)-1)
		}
		done = way.Rewrite(f.flight, raw)
	}
	if !done {
		return errNotUnderWay
	}
	if mark != "" {
		f.Marks = append(f.Marks, mark)
	}
	return nil
}

// forge puts a frame on the cable that neither host has sent.
func (w *World) forge(to int, t *Template) error {
	frame, err := t.build(w, to)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.forging = true
	w.mu.Unlock()
	_, err = w.cable[1-to].Write(frame)
	w.mu.Lock()
	w.forging = false
	w.mu.Unlock()
	return err
}

func hexBytes(s string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(s, " ", "")) }
