package suite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"framebyframe/shared/apps"
	"framebyframe/shared/wire"
)

// onCrowd is onPair with somebody else on the cable, who forges segments.
func onCrowd(t *testing.T, k *kind, f func(p *Pair, attacker *wire.End)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cable := wire.New(3)
		p := newPair(t, k, cable, nil, Ours())
		defer p.Close()
		f(p, cable.End(2))
	})
}

// forged is a segment in a frame of the attacker's card, in anybody's name.
func forged(from, to netip.AddrPort, tcp layers.TCP, data []byte) []byte {
	card := PeerMAC
	if to.Addr() == OurIP {
		card = OurMAC
	}
	eth := &layers.Ethernet{SrcMAC: OtherMAC[:], DstMAC: card[:], EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(from.Port()), layers.TCPPort(to.Port())
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return Serialize(eth, ip, &tcp, gopacket.Payload(data))
}

func addressOf(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }

// echoes sends n bytes over each of some connections to an echo service, and wants them back.
func (p *Pair) echoes(conns []TCP, n int) {
	p.Helper()
	var all sync.WaitGroup
	for _, c := range conns {
		text := Pattern(n)
		all.Go(func() { c.Write(text) })
		all.Go(func() {
			got := make([]byte, n)
			if k, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
				p.Errorf("%d of %d bytes came back as they were: %v", k, n, err)
			}
		})
	}
	all.Wait()
}

// While connections move data, somebody who does not see them floods us with SYNs, and with resets, SYNs, data and
// acknowledgments in the peer's name whose ports are right and whose numbers are guessed (RFC 4987, RFC 5961).
func testAttackedTransfer(t *testing.T, k *kind) {
	onCrowd(t, k, func(p *Pair, attacker *wire.End) {
		go apps.Serve(p.listen(7).Net, apps.Echo)
		var conns []TCP
		for range 4 {
			c, err := dialTCP(context.Background(), p.Peer, "10.0.0.4:7")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
		}
		done := make(chan bool)
		frames, least := 0, Many(QuarterUnderRace(70_000), 1_000_000)
		go func() {
			defer close(done)
			random := rand.New(rand.NewPCG(5961, 9))
			kinds := []layers.TCP{{RST: true}, {RST: true, ACK: true}, {SYN: true}, {SYN: true, ACK: true}, {ACK: true}, {ACK: true, PSH: true}, {ACK: true, FIN: true}, {ACK: true, URG: true, Urgent: 999}}
			for frames = range least {
				seg, from, data := kinds[random.IntN(len(kinds))], addressOf(conns[frames%4].LocalAddr()), []byte(nil)
				if seg.PSH {
					data = []byte("forged")
				}
				if frames%8 == 0 { // a SYN of anybody: a host of the block for benchmarks (RFC 2544), which is off our link
					anybody := netip.AddrFrom4([4]byte{198, 18 + byte(frames>>16)&1, byte(frames >> 8), byte(frames)})
					seg, from, data = layers.TCP{SYN: true}, netip.AddrPortFrom(anybody, from.Port()), nil
				}
				seg.Seq, seg.Ack, seg.Window = random.Uint32(), random.Uint32(), uint16(random.Uint32())
				attacker.Write(forged(from, netip.AddrPortFrom(OurIP, 7), seg, data))
				time.Sleep(10 * time.Microsecond)
			}
		}()
		began, rounds := time.Now(), 0
		for under := true; under; rounds++ {
			p.echoes(conns, 20_000)
			time.Sleep(2 * time.Millisecond)
			select {
			case <-done:
				under = false
			default:
			}
		}
		Row{Area: "attack", What: "blind attacks and a SYN flood on connections that move data", Source: "RFC 5961, RFC 4987", Tried: fmt.Sprintf("%d segments in %v, 7 of 8 with the right ports", frames+1, time.Since(began).Round(time.Millisecond)),
			Outcome: fmt.Sprintf("4 connections moved %d times 20,000 bytes each way, none lost or changed a byte", rounds)}.Report(t)
	})
}

// Two ends that have been pulled apart (Joncheray, "A Simple Active Attack Against TCP", USENIX Security 1995): each has
// data in the other's name, so each one's numbers are wrong for the other. Their ACKs for what was never sent must not go
// on for ever: challenge ACKs are limited (RFC 5961 7), here to 10 of a kind in 5 seconds.
func testACKLoop(t *testing.T, k *kind) {
	const most = 2 * (60/5 + 2) * 10 // of both, in a minute
	onCrowd(t, k, func(p *Pair, attacker *wire.End) {
		var frames atomic.Int64
		var says [2]struct{ ack, stamp atomic.Uint32 } // of each end, the last
		p.Cable.Observe(func(_ time.Time, from int, frame []byte) {
			frames.Add(1)
			if _, segment := tcpIn(frame); segment != nil && from < 2 {
				says[from].ack.Store(binary.BigEndian.Uint32(segment[8:]))
				if stamp, ok := stampOf(frame); ok {
					says[from].stamp.Store(stamp)
				}
			}
		})
		ours, peer := p.Connect(80)
		defer ours.Abort()
		defer peer.Abort()
		// Each has told the other a byte by then, so that both numbers are known.
		for _, c := range [][2]TCP{{ours, peer}, {peer, ours}} {
			c[0].Write([]byte("x"))
			io.ReadFull(c[1], make([]byte, 1))
		}
		time.Sleep(time.Second)
		inject := func(to int, c TCP, n int) { // n bytes more are there, and acknowledged
			seg := layers.TCP{ACK: true, PSH: true, Seq: says[to].ack.Load(), Ack: says[1-to].ack.Load(), Window: 65535}
			if stamp := says[1-to].stamp.Load(); stamp != 0 {
				both := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, stamp), says[to].stamp.Load())
				seg.Options = []layers.TCPOption{{OptionType: 1}, {OptionType: 1}, {OptionType: 8, OptionLength: 10, OptionData: both}}
			}
			attacker.Write(forged(addressOf(c.RemoteAddr()), addressOf(c.LocalAddr()), seg, make([]byte, n)))
			if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
				t.Error(err)
			}
			go apps.Discard(c)
		}
		inject(0, ours, 1000)
		inject(1, peer, 700)
		frames.Store(0)
		time.Sleep(time.Minute)
		quiet := frames.Swap(0)
		if quiet > most {
			t.Errorf("%d frames in a minute, at most %d", quiet, most)
		}
		ours.Write(make([]byte, 100)) // which the peer has had already
		peer.Write(make([]byte, 100))
		time.Sleep(time.Minute)
		busy := frames.Load()
		if busy > most+100 {
			t.Errorf("%d frames in a minute of data, at most %d", busy, most+100)
		}
		Row{Area: "attack", What: "ACK storm between two ends pulled apart", Source: "Joncheray, USENIX Security 1995; RFC 5961 7", Tried: "1000 and 700 bytes injected; a minute of silence, and one with data",
			Outcome: fmt.Sprintf("%d and %d frames in all: each end's challenge ACKs are limited", quiet, busy)}.Report(t)
	})
}
