package wire

import (
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// parse reads a command line. Frames are described by their own text.
func parse(args ...string) (*Faults, error) {
	f := &Faults{}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f.AddFlags(fs, func(b []byte) string { return string(b) }, "TCP")
	return f, fs.Parse(args)
}

func TestFlags(t *testing.T) {
	f, err := parse("-loss", "5%", "-duplicate", "1%", "-reorder=0.5%", "-corrupt", "0.1%",
		"-delay", "20ms", "-jitter", "5ms", "-rate", "10mbit", "-seed", "42")
	must(t, err)
	if f.Loss != 0.05 || f.Duplicate != 0.01 || f.Reorder != 0.005 || f.Corrupt != 0.001 ||
		f.Delay != 20*time.Millisecond || f.Jitter != 5*time.Millisecond ||
		f.Rate != 10e6 || f.Seed != 42 || f.DropOut != nil || f.DropIn != nil {
		t.Errorf("%+v", f)
	}
}

func TestFlagValues(t *testing.T) {
	for s, want := range map[string]float64{"0": 0, "0%": 0, "100%": 1, ".5%": 0.005, "12.5%": 0.125} {
		if f, err := parse("-loss", s); err != nil || f.Loss != want {
			t.Errorf("-loss %s: %v, %v", s, f.Loss, err)
		}
	}
	for s, want := range map[string]int64{
		"1bit": 1, "1200bit": 1200, "512kbit": 512_000, "1gbit": 1e9, "1.5mbit": 1_500_000, "1000gbit": 1e12,
	} {
		if f, err := parse("-rate", s); err != nil || f.Rate != want {
			t.Errorf("-rate %s: %v, %v", s, f.Rate, err)
		}
	}
	for s, want := range map[string]time.Duration{"0": 0, "0s": 0, "1h": time.Hour, "1.5us": 1500} {
		if f, err := parse("-delay", s); err != nil || f.Delay != want {
			t.Errorf("-delay %s: %v, %v", s, f.Delay, err)
		}
	}
}

func TestFlagErrors(t *testing.T) {
	for _, tt := range []struct {
		flag   string
		values []string
		want   string
	}{
		{"-loss", []string{"5", "-1%", "101%", "100.1%", "NaN%", "Inf%", "%", "", "5%%", "5 %", "+5%", "1e1%", "0x5%", "1.2.3%", "five%", "0.05", "00"}, "want a percentage"},
		{"-duplicate", []string{"5"}, "want a percentage"},
		{"-reorder", []string{"5"}, "want a percentage"},
		{"-corrupt", []string{"5"}, "want a percentage"},
		{"-rate", []string{"10", "0mbit", "0bit", "-1mbit", "mbit", "", "10mbps", "10Mbit", "1e3bit", "1001gbit", "0.4bit", "99999999999999999999gbit", "NaNbit", "10 mbit"}, "want a speed"},
		{"-delay", []string{"-1ms", "20", "", "61m", "fast", "9999999h"}, "want a time"},
		{"-jitter", []string{"-1ns", "5"}, "want a time"},
		{"-seed", []string{"-1", "x", "1.5", "", "0x10", "18446744073709551616"}, "want a number"},
		{"-drop", []string{"", "x", "0", "-1", "+1", "1:", "0:", "x:", "0:x", "[S.]", ":x", "1.5", "99999999999"}, "want N:TEXT or N"},
	} {
		for _, v := range tt.values {
			_, err := parse(tt.flag + "=" + v)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s %q: %v", tt.flag, v, err)
			}
		}
	}
}

func TestDefaultsAndStrings(t *testing.T) {
	f := &Faults{Loss: 0.07, Delay: time.Millisecond, Rate: 1_500_000, Corrupt: 0.001}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f.AddFlags(fs, nil, "")
	for name, want := range map[string]string{
		"loss": "7%", "corrupt": "0.1%", "reorder": "0", "delay": "1ms", "jitter": "0s", "rate": "1500kbit", "seed": "0",
	} {
		if got := fs.Lookup(name).DefValue; got != want {
			t.Errorf("-%s: default %q, want %q", name, got, want)
		}
	}
	if fs.Lookup("drop") != nil {
		t.Error("-drop without a way to describe a frame")
	}
	fs.PrintDefaults() // panics if String cannot take a zero value
	if err := fs.Parse(nil); err != nil || f.Loss != 0.07 {
		t.Error(f.Loss, err)
	}
}

func TestAny(t *testing.T) {
	for _, args := range [][]string{
		{"-loss", "1%"}, {"-duplicate", "1%"}, {"-reorder", "1%"}, {"-corrupt", "1%"},
		{"-delay", "1ms"}, {"-jitter", "1ms"}, {"-rate", "1bit"}, {"-drop", "1"},
	} {
		if f, err := parse(args...); err != nil || !f.Any() {
			t.Errorf("%v: Any is false, %v", args, err)
		}
	}
	if f, err := parse("-loss", "0", "-seed", "5", "-delay", "0s"); err != nil || f.Any() {
		t.Error("Any without a fault", err)
	}
	if !(&Faults{DropIn: func([]byte) bool { return false }}).Any() {
		t.Error("DropIn is not seen")
	}
}

func TestDrop(t *testing.T) {
	sent := []string{"TCP [S]", "ARP", "TCP [S.]", "TCP [S.] a:b", "TCP [.]", "TCP [S.]"}
	for _, tt := range []struct {
		args []string
		lost []int
	}{
		{nil, nil},
		{[]string{"1"}, []int{0}},
		{[]string{"2"}, []int{2}},
		{[]string{"5"}, []int{5}},
		{[]string{"6"}, nil},
		{[]string{"1:[S.]"}, []int{2}},
		{[]string{"3:[S.]"}, []int{5}},
		{[]string{"1:a:b"}, []int{3}},
		{[]string{"1:ARP", "2:[S.]"}, []int{1, 3}},
		{[]string{"1", "2", "3"}, []int{0, 2, 3}},
		{[]string{"2", "1:[S.]"}, []int{2}}, // both count the frame and both lose it
		{[]string{"1:[S.]", "1:[S.]", "2:[S.]"}, []int{2, 3}},
	} {
		checkDrop(t, sent, tt.args, tt.lost)
	}
}

func checkDrop(t *testing.T, sent, drops []string, lost []int) {
	t.Helper()
	var args []string
	for _, a := range drops {
		args = append(args, "-drop", a)
	}
	f, err := parse(args...)
	must(t, err)
	var events, wantEvents, want, got []string
	f.Report = func(e Event) {
		events = append(events, string(e.Frame))
		if e.What != Dropped || !e.Out {
			t.Errorf("-drop %v: %s", drops, e.What)
		}
	}
	dev := &fake{}
	im := Impair(dev, *f)
	for i, s := range sent {
		if n, err := im.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if slices.Contains(lost, i) {
			wantEvents = append(wantEvents, s)
		} else {
			want = append(want, s)
		}
	}
	for _, b := range dev.written {
		got = append(got, string(b))
	}
	if !slices.Equal(got, want) || !slices.Equal(events, wantEvents) {
		t.Errorf("-drop %v: sent %q, reported %q", drops, got, events)
	}
}

// A frame is described once, and not at all when no -drop has work left.
func TestDropDescribesOnce(t *testing.T) {
	calls := 0
	f := &Faults{}
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	f.AddFlags(fs, func([]byte) string { calls++; return "x" }, "x")
	for _, want := range []int{0, 3} {
		im := Impair(&fake{}, *f)
		for range 10 {
			im.Write(make([]byte, 60))
		}
		if calls != want {
			t.Errorf("described %d times, want %d", calls, want)
		}
		must(t, fs.Parse([]string{"-drop", "1:x", "-drop", "3:x"}))
	}
}
