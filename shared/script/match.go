package script

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Match tells whether a segment that was sent is the one that a line wants. What
// the line does not mention, and options that end with ..., are free. Names in
// timestamps are looked up in names and, if all else is right, bound there. The
// payload is not compared. The error has a line for each difference.
func (s Segment) Match(got Segment, names map[string]uint32) error {
	bound := maps.Clone(names)
	if bound == nil {
		bound = make(map[string]uint32)
	}
	errs := []error{
		differ("flags", got.Flags, s.Flags),
		differ("sequence number", int32(got.Seq), int32(s.Seq)),
		differ("length", got.Len, s.Len),
	}
	if s.Has&HasAck != 0 {
		errs = append(errs, differ("ack", int32(got.Ack), int32(s.Ack)))
	}
	if s.Has&HasWin != 0 {
		errs = append(errs, differ("win", got.Win, s.Win))
	}
	if s.Has&HasUrg != 0 {
		errs = append(errs, differ("urg", got.Urg, s.Urg))
	}
	if s.Has&HasOptions != 0 {
		errs = append(errs, matchOptions(s, got, bound))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if names != nil {
		maps.Copy(names, bound)
	}
	return nil
}

// matchOptions compares the lists in their order, or looks for each wanted
// option if others may stand beside them.
func matchOptions(want, got Segment, names map[string]uint32) error {
	if want.Has&MoreOptions != 0 {
		for _, o := range want.Options {
			if !slices.ContainsFunc(got.Options, func(g Option) bool { return o.match(g, names) }) {
				return fmt.Errorf("options are %s, without %s", formatOptions(got.Options, false), o)
			}
		}
		return nil
	}
	w, g := withoutEnd(want.Options), withoutEnd(got.Options)
	if !slices.EqualFunc(w, g, func(w, g Option) bool { return w.match(g, names) }) {
		return fmt.Errorf("options are %s, want %s", formatOptions(got.Options, false), formatOptions(want.Options, false))
	}
	return nil
}

// withoutEnd leaves out an eol at the end: it only fills the last word.
func withoutEnd(all []Option) []Option {
	if n := len(all); n > 0 && all[n-1].Kind == kindEOL && !all[n-1].Raw {
		return all[:n-1]
	}
	return all
}

func (o Option) match(got Option, names map[string]uint32) bool {
	if o.Kind != got.Kind || (o.Data == nil) != (got.Data == nil) {
		return false
	}
	return o.Number == got.Number && slices.Equal(o.Blocks, got.Blocks) && slices.Equal(o.Data, got.Data) &&
		o.Val.match(got.Val.N, names) && o.Ecr.match(got.Ecr.N, names)
}

// match binds a name that has no value yet.
func (v Value) match(n uint32, names map[string]uint32) bool {
	if v.Any {
		return true
	}
	if v.Name == "" {
		return n == v.N
	}
	if value, ok := names[v.Name]; ok {
		return n == value+v.N
	}
	names[v.Name] = n - v.N
	return true
}
