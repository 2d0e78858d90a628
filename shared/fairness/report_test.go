package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestJain(t *testing.T) {
	for _, test := range []struct {
		shares []float64
		want   float64
	}{
		{[]float64{1, 1, 1, 1}, 1},
		{[]float64{0.2, 0.2}, 1},
		{[]float64{5, 0, 0, 0, 0}, 0.2},    // one has everything: 1/n
		{[]float64{1, 2, 3}, 36.0 / 42},    // (1+2+3)^2 / (3 (1+4+9))
		{[]float64{3, 3, 1, 1}, 64.0 / 80}, // 8^2 / (4 (9+9+1+1))
		{[]float64{0, 0}, 0},
		{nil, 0},
	} {
		if got := jain(test.shares); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("jain(%v) = %v, want %v", test.shares, got, test.want)
		}
	}
}

// example has four connections of 1, 2, 3 and 2 Mbit/s, in turn of one side and the other.
var example = result{title: "ours beside Reno", lost: 7, pause: 4200 * time.Microsecond, flows: []flow{
	{"ours", []float64{0, 2}},
	{"reno", []float64{2, 2}},
	{"ours", []float64{3, 3}},
	{"reno", []float64{1, 3}},
}}

func TestText(t *testing.T) {
	want := "  ours   1.00 3.00  together 4.00 Mbit/s\n" +
		"  reno   2.00 2.00  together 4.00 Mbit/s\n" +
		"  Jain's index 0.889, 80.0 % of the cable, 7 frames lost in the queue\n" +
		"  (the machine let the cable stand still for 4ms at the worst)\n"
	if got := example.text(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPage(t *testing.T) {
	got := page([]result{example}, 60)
	for _, want := range []string{
		"\n| ours beside Reno | ours: 1.00 3.00, together 4.00 | reno: 2.00 2.00, together 4.00 | 0.889 | 80.0 % | 7 | 4ms |\n",
		"of 10 Mbit/s; a round trip takes 100ms",
		"over 60 seconds; the first 5s were not counted",
		"(fairness.svg)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "%!") {
		t.Errorf("the page has a broken format:\n%s", got)
	}
}

// TestQueueIsOneProduct checks that the queue is what the page says it is.
func TestQueueIsOneProduct(t *testing.T) {
	frames := float64(rate) / 8 * (2 * delay).Seconds() / 1514
	if math.Abs(frames-queue) > 1 {
		t.Errorf("the queue has room for %d frames, the bandwidth-delay product is %.1f", queue, frames)
	}
}

// TestPlot checks that the picture is XML, has a line for each connection, and that the lines are where they should be.
func TestPlot(t *testing.T) {
	picture := plot([]result{example, example})
	count := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
	if count["polyline"] != 8 || count["line"] != 2 {
		t.Errorf("%d flows and %d dashed lines, want 8 and 2", count["polyline"], count["line"])
	}
	// The third flow has 3 Mbit/s all the time: the upper edge. The dashed line is at 2 of 3.
	for _, want := range []string{`points="360.0,40.0 680.0,40.0"`, `y1="90.0" x2="680" y2="90.0"`} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture lacks %s:\n%s", want, picture)
		}
	}
	if got := plot(nil); !strings.HasPrefix(got, "<svg") {
		t.Errorf("without a race the picture is %s", got)
	}
}
