package stack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// moodyDevice refuses a share of the frames.
type moodyDevice struct {
	wire.Device
	dice    *rand.Rand
	share   float64
	err     error
	refused int
}

func (d *moodyDevice) Write(b []byte) (int, error) {
	if d.dice.Float64() < d.share {
		d.refused++
		return 0, d.err
	}
	return d.Device.Write(b)
}

func (d *moodyDevice) Unwrap() wire.Device { return d.Device }

// A device that refuses frames, as one does whose queue is full or whose link flaps, costs time, but no bytes: a frame
// that it has not taken is lost, and lost segments are sent again.
func TestTransferMoodyDevice(t *testing.T) {
	const size = 2 << 20
	refused, slowest := 0, time.Duration(0)
	for _, fault := range []error{syscall.EIO, syscall.ENOBUFS, syscall.EAGAIN} {
		for _, share := range []float64{0.001, 0.05, 0.3} {
			synctest.Test(t, func(t *testing.T) {
				seg := wire.New(2)
				dev := &moodyDevice{
					Device: wire.Impair(seg.End(0), wire.Faults{Delay: time.Millisecond}), share: share, err: fault,
					dice: rand.New(rand.NewPCG(uint64(share*1000), 16)),
				}
				p := &pair{t, seg, New(dev, quietConfig()), New(seg.End(1), honestConfig())}
				go p.ours.Run()
				go p.peer.Run()
				ours, peer := p.connectLossy(80)
				if ours == nil {
					t.Error("no connection")
					p.close()
					return
				}
				took := p.bothWays(ours, peer, size)
				slowest = max(slowest, took)
				p.close()
				refused += dev.refused
				if n := p.ours.dropped[errDeviceFailing]; n != uint64(dev.refused) || n == 0 {
					t.Errorf("%v: %d were counted as lost, %d were refused", fault, n, dev.refused)
				}
			})
		}
	}
	suite.Row{
		Area: "application", What: "a transfer over a device that refuses frames", Source: "write(2)",
		Tried:   fmt.Sprintf("EIO, ENOBUFS and EAGAIN for 0.1%%, 5%% and 30%% of our frames, %d MB each way: %d frames refused", size>>20, refused),
		Outcome: fmt.Sprintf("all bytes arrive as they were, in %v of virtual time at most", slowest.Round(time.Millisecond)),
	}.Report(t)
}

// Clients that disappear in the middle of a page, or of their own request: their computers are switched off. When the
// peer has been silent for R2 (RFC 9293 3.8.3) the connection is given up; a client that has nothing to say and nothing
// to get is not waited for longer than the server's own patience. Nothing is left of any of them.
func TestClientsDisappear(t *testing.T) {
	const clients = 30
	var longest time.Duration
	onBadPair(t, wire.Faults{Delay: time.Millisecond, Rate: 100e6}, func(p *pair) {
		if err := serveWeb(p.ours, 80); err != nil {
			t.Fatal(err)
		}
		baseline := ourGoroutines()
		for i := range clients {
			c, err := p.peer.DialContext(context.Background(), "tcp", "10.0.0.4:80")
			if err != nil {
				t.Fatal(err)
			}
			switch i % 3 {
			case 0:
				io.WriteString(c, "GET /bytes/100000000 HTTP/1.1\r\nHost: 10.0.0.4\r\n\r\n")
				io.CopyN(io.Discard, c, 10_000)
			case 1:
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: 10.") // net/http wants the rest within ten seconds
			case 2:
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: 10.0.0.4\r\n\r\n")
				if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
					t.Error(err)
				}
			}
		}
		start := time.Now()
		p.cable.End(1).SetLink(false)
		for p.ours.leftOver() != "" && longest < time.Hour {
			time.Sleep(time.Second)
			longest = time.Since(start)
		}
		synctest.Wait()
		if left := p.ours.leftOver(); left != "" {
			t.Errorf("after %v: %s", longest, left)
		}
		if n := ourGoroutines(); n > baseline {
			t.Errorf("%d goroutines, %d before", n, baseline)
		}
		p.ours.mu.Lock()
		if n := p.ours.tcp.chunks.used; n > 0 {
			t.Errorf("%d chunks are in use", n)
		}
		p.ours.mu.Unlock()
	})
	if longest > 2*userTimeout+3*time.Minute {
		t.Errorf("the last one was given up after %v", longest)
	}
	suite.Row{
		Area: "application", What: "clients that disappear", Source: "RFC 9293 3.8.3 (R2)",
		Tried:   fmt.Sprintf("%d clients are switched off in the middle of a page of 100 MB, of their request, or behind it", clients),
		Outcome: fmt.Sprintf("the last of them is given up after %v; no connection, goroutine or buffer is left", longest),
	}.Report(t)
}
