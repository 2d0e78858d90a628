package stack

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInfo(t *testing.T) {
	onBench(t, func(b *bench) {
		start := time.Now()
		b.Send(capturedRequest)
		b.Advance(9*time.Second + 999*time.Millisecond)
		b.sendTo(otherIP, "x")
		b.sendTo(otherIP, "y")
		b.Send([]byte{1})
		b.Send([]byte{2})
		b.Send(request(otherMAC, netip.MustParseAddr("192.0.2.1"), ourIP))
		info := b.s.Info()
		if info.MAC != ourMAC || info.IP != quietConfig().IP || info.MTU != 1500 {
			b.Errorf("it is %v, %v, MTU %d", info.MAC, info.IP, info.MTU)
		}
		if f := info.Frames; f.Received != 4 || f.Sent != 2 ||
			!slices.Equal(f.Dropped, []DropCount{{errARPSenderIP.Error(), 1}, {errRunt.Error(), 2}}) {
			b.Errorf("what has passed: %+v", f)
		}
		now := time.Since(start)
		want := []NeighbourInfo{
			{IP: peerIP, MAC: peerMAC, State: "REACHABLE", Age: now, Left: arpTimeout - now},
			{IP: otherIP, State: "INCOMPLETE", Left: arpInterval - 3*time.Millisecond, Asked: 1, Waiting: 2},
		}
		for i := range info.Neighbours { // what a frame takes on the cable does not count here
			n := &info.Neighbours[i]
			n.Age, n.Left = n.Age.Round(time.Millisecond), n.Left.Round(time.Millisecond)
		}
		if !slices.Equal(info.Neighbours, want) {
			b.Errorf("neighbours\n got %+v\nwant %+v", info.Neighbours, want)
		}
	})
}

// The names in JSON are for programs: the page's, above all.
func TestInfoJSON(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(capturedRequest)
		b.Advance(time.Second - time.Millisecond)
		got, err := json.Marshal(b.s.Info())
		if err != nil {
			b.Fatal(err)
		}
		for _, want := range []string{
			`"mac":"02:00:00:00:00:04","ip":"10.0.0.4/24","mtu":1500`,
			`"frames":{"received":1,"sent":1,"dropped":[]}`,
			`"neighbours":[{"ip":"10.0.0.1","mac":"02:00:0a:00:00:01","state":"REACHABLE","age_ns":99999`,
			`,"left_ns":590000`,
			`,"asked":0,"waiting":0}]`,
		} {
			if !strings.Contains(string(got), want) {
				b.Errorf("no %s in\n%s", want, got)
			}
		}
	})
}
