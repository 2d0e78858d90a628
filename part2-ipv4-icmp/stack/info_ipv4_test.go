package stack

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// Two datagrams of which pieces have come, and the gateway.
func TestInfoIPv4(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.Send(ipv4Frame(&layers.IPv4{Version: 4, TTL: 64, DstIP: ourIP.AsSlice(), Id: 7, Protocol: 99, Flags: layers.IPv4MoreFragments, SrcIP: peerIP.AsSlice()}, make([]byte, 24)))
		b.Advance(time.Second - time.Millisecond)
		b.Send(ipv4Frame(&layers.IPv4{Version: 4, TTL: 64, DstIP: ourIP.AsSlice(), Id: 8, Protocol: 99, FragOffset: 2, SrcIP: peerIP.AsSlice()}, make([]byte, 5)))
		info := b.s.Info()
		for i := range info.Reassemblies { // what a frame takes on the cable does not count here
			info.Reassemblies[i].Left = info.Reassemblies[i].Left.Round(time.Millisecond)
		}
		want := []ReassemblyInfo{
			{Source: peerIP, Destination: ourIP, Protocol: 99, Identification: 7, Have: 24, Left: reassemblyTimeout - 1001*time.Millisecond},
			{Source: peerIP, Destination: ourIP, Protocol: 99, Identification: 8, Have: 8, Total: 21, Left: reassemblyTimeout - time.Millisecond},
		}
		if !slices.Equal(info.Reassemblies, want) {
			b.Errorf("\n got %+v\nwant %+v", info.Reassemblies, want)
		}
		text, err := json.Marshal(info)
		if err != nil || !strings.Contains(string(text), `"gateway":"10.0.0.1"`) || !strings.Contains(string(text), `"identification":8,"have":8,"total":21,"left_ns":59`) {
			b.Errorf("%s, %v", text, err)
		}
	})
}
