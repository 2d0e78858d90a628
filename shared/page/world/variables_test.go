package world

import (
	"strings"
	"testing"
	"time"
)

// row finds a variable of a host in a View.
func row(v View, host int, name string) (value string) {
	for _, g := range v.Hosts[host] {
		for _, r := range g.Rows {
			if r.Name == name {
				return r.Value
			}
		}
	}
	return "there is none"
}

// What the hosts know is shown under the names of the RFCs, with what it means.
func TestVariables(t *testing.T) {
	for part, want := range map[string]map[string]string{
		"1": {"MAC address": "02:00:00:00:00:01", "10.0.0.4": "02:00:00:00:00:04"},
		"2": {"MTU": "1500"},
		"3": {"state": "ESTABLISHED", "SND.UNA": "1", "SND.NXT": "1", "RCV.WND": "0"},
		"4": {"state": "ESTABLISHED", "SND.UNA": "20001", "SND.NXT": "20001", "RCV.NXT": "1", "send buffer": "0"},
		"5": {"state": "ESTABLISHED", "SND.UNA": "20001", "RCV.NXT": "1", "SACK": "yes", "in flight": "0", "recovering": "no"},
	} {
		in(t, "a="+part+"&b="+part+"&arp=known", func(w *World) {
			if part >= "3" {
				w.must(t, "dial.a.80")
			}
			if part >= "4" {
				w.must(t, "write.a.20000")
			}
			w.Advance(5 * time.Second)
			v := w.View(Since{Hosts: true})
			for name, value := range want {
				if got := row(v, 0, name); !strings.HasPrefix(got, value) {
					t.Errorf("part %s: %s is %q, want %q", part, name, got, value)
				}
			}
			for _, g := range v.Hosts[0] {
				for _, r := range g.Rows {
					if r.Name == "" || r.Value == "" || strings.Contains(r.Name, "_") && r.Name != "RACK.reo_wnd" || strings.Contains(r.Value, "{") {
						t.Errorf("part %s, %s: a row %+v", part, g.Title, r)
					}
					if g.Title == "" || r.Meaning == "" && !strings.Contains(g.Title, "Listening") {
						t.Errorf("part %s, %s: nobody says what %s means", part, g.Title, r.Name)
					}
				}
			}
		})
	}
}

// Charts have something to show, and no more samples than there are changes.
func TestSamples(t *testing.T) {
	in(t, "arp=known&do=0.dial.a.80_0.write.a.200000", func(w *World) {
		w.Advance(5 * time.Second)
		v := w.View(Since{})
		most := Sample{}
		for i, s := range v.Samples {
			if s.Host != 0 {
				continue
			}
			most.CWND, most.Flight = max(most.CWND, s.CWND), max(most.Flight, s.Flight)
			most.SRTT, most.RTO, most.WND = max(most.SRTT, s.SRTT), max(most.RTO, s.RTO), max(most.WND, s.WND)
			if i > 0 && s.At < v.Samples[i-1].At {
				t.Error("the samples are not in order")
			}
		}
		if most.CWND < 14000 || most.Flight < 14000 || most.WND < 64000 || most.SRTT < 40e6 || most.RTO < 200e6 {
			t.Errorf("the largest of %d samples: %+v", len(v.Samples), most)
		}
	})
}
