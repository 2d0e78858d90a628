//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A parrot is a cable on which each answer comes again as often as somebody waits for it.
type parrot struct{ fakeCable }

func (c *parrot) Receive(until time.Time) ([]byte, error) {
	last := c.last
	frame, err := c.fakeCable.Receive(until)
	c.last = last
	return frame, err
}

// TestLossNotices checks that the steps are not content with parts that lose, repeat or forget the wrong things.
func TestLossNotices(t *testing.T) {
	right := fakeEcho(func(*uint32, *uint32, *byte, *string) {})
	// A part without reassembly acknowledges the first half alone.
	forgets := fakeEcho(func(_, ack *uint32, _ *byte, data *string) {
		if *data == echoData[len(echoData)/2:] {
			*ack -= uint32(len(echoData))
			*data = ""
		}
	})
	// And one that loses the half that came too early, but says that it has it.
	lies := fakeEcho(func(_, ack *uint32, _ *byte, data *string) {
		switch *data {
		case echoData[len(echoData)/2:]:
			*ack -= uint32(len(echoData))
			*data = ""
		case echoData[:len(echoData)/2]:
			*ack += uint32(len(echoData) / 2)
			*data = strings.Repeat("?", len(echoData))
		}
	})
	for _, test := range []struct {
		name  string
		step  step
		cable cable
		fails string
	}{
		{"SYN,ACK once", loseTheAnswer, &fakeCable{answer: right}, "does not come again"},
		{"SYN,ACK at once", loseTheAnswer, &parrot{fakeCable{answer: right}}, "want about 1s"},
		{"echo once", loseTheEcho, &fakeCable{answer: right}, "does not come again"},
		{"nothing to lose", missOne, &fakeCable{answer: right}, "segment 1: "},
		{"no word about a gap", sendTheEndFirst, &fakeCable{answer: right}, "want 1 and none"},
		{"forgets", sendTheEndFirst, &fakeCable{answer: forgets}, "both halves are there: the part acknowledges 8 of our stream, want 15"},
		{"lies", sendTheEndFirst, &fakeCable{answer: lies}, "came back as"},
		{"does not send", keepTheWindowClosed, &fakeCable{answer: right}, "no ACK from the part"},
	} {
		var out bytes.Buffer
		b := &bench{out: &out, cable: test.cable, mac: hostMAC, ip: hostIP}
		if err := test.step(b); err == nil || !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.fails)
		}
	}
}

// TestDemoOfLossOnCable needs no right at all, so it never skips.
func TestDemoOfLossOnCable(t *testing.T) {
	t.Parallel()
	wantDemoOfLoss(t, runLab(t, "demo", "-cable", "5"))
}

func TestDemoOfLossOnTAP(t *testing.T) {
	needNetwork(t)
	t.Parallel()
	wantDemoOfLoss(t, runLab(t, "demo", "5"))
}

// wantDemoOfLoss checks what is said. That nothing came too early the demo checks itself.
func wantDemoOfLoss(t *testing.T, got result) {
	t.Helper()
	got.expect(t, 0, "at once", "The echo says", "1 byte, after", "Your turn")
	if n := strings.Count(got.out, "again after "); n != 3 {
		t.Errorf("%d times something comes again after a while, want 3:\n%s", n, got.out)
	}
}
