package suite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
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
func testTransferMoodyDevice(t *testing.T, k *kind) {
	const size = 2 << 20
	refused, slowest := 0, time.Duration(0)
	for _, fault := range []error{syscall.EIO, syscall.ENOBUFS, syscall.EAGAIN} {
		for _, share := range []float64{0.001, 0.05, 0.3} {
			synctest.Test(t, func(t *testing.T) {
				dev := &moodyDevice{share: share, err: fault, dice: rand.New(rand.NewPCG(uint64(share*1000), 16))}
				moody := k.with(func(cable wire.Device, cfg Config) (wire.Device, Config) {
					if cfg.MAC == OurMAC {
						dev.Device, cable = cable, dev
					}
					return cable, cfg
				})
				p := newPair(t, moody, wire.New(2), &wire.Faults{Delay: time.Millisecond}, Ours())
				defer p.Close()
				ours, peer := p.connectLossy(80)
				if ours == nil {
					t.Error("no connection")
					return
				}
				slowest = max(slowest, p.BothWays(ours, peer, size))
				if dev.refused == 0 {
					t.Errorf("%v: none was refused", fault)
				}
				refused += dev.refused
			})
		}
	}
	Row{
		Area: "application", What: "a transfer over a device that refuses frames", Source: "write(2)",
		Tried:   fmt.Sprintf("EIO, ENOBUFS and EAGAIN for 0.1%%, 5%% and 30%% of our frames, %d MB each way: %d frames refused", size>>20, refused),
		Outcome: fmt.Sprintf("all bytes arrive as they were, in %v of virtual time at most", slowest.Round(time.Millisecond)),
	}.Report(t)
}

// Clients that disappear in the middle of a page, or of their own request: their computers are switched off. When the
// peer has been silent for R2 (RFC 9293 3.8.3) the connection is given up; a client that has nothing to say and nothing
// to get is not waited for longer than the server's own patience. Nothing is left of any of them.
func testClientsDisappear(t *testing.T, k *kind) {
	const clients = 30
	var longest time.Duration
	onBadPair(t, k, wire.Faults{Delay: time.Millisecond, Rate: 100e6}, Ours(), func(p *Pair) {
		go apps.ServeHTTP(p.listen(80).Net, noStatus)
		baseline := goroutines()
		for i := range clients {
			c, err := dialTCP(context.Background(), p.Peer, "10.0.0.4:80")
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
		p.Cable.End(1).SetLink(false)
		for k.left(p.Ours) != "" && longest < time.Hour {
			time.Sleep(time.Second)
			longest = time.Since(start)
		}
		synctest.Wait()
		if left := k.left(p.Ours); left != "" {
			t.Errorf("after %v: %s", longest, left)
		}
		if n := goroutines(); n > baseline {
			t.Errorf("%d goroutines, %d before", n, baseline)
		}
	})
	if longest > 10*time.Minute+3*time.Minute {
		t.Errorf("the last one was given up after %v", longest)
	}
	Row{
		Area: "application", What: "clients that disappear", Source: "RFC 9293 3.8.3 (R2)",
		Tried:   fmt.Sprintf("%d clients are switched off in the middle of a page of 100 MB, of their request, or behind it", clients),
		Outcome: fmt.Sprintf("the last of them is given up after %v; no connection, goroutine or buffer is left", longest),
	}.Report(t)
}

// wantTimeout checks that an error is what programs ask for to know a timeout, and not only
// ETIMEDOUT. Package net says the same when the kernel gives up.
func wantTimeout(t *testing.T, what string, err error) {
	t.Helper()
	var timeout net.Error
	if _, ok := err.(*net.OpError); !ok || !errors.Is(err, syscall.ETIMEDOUT) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%s: %v (%T) is no timeout", what, err, err)
	}
}

// A peer that does not answer is a timeout, whether he never did or does no longer: "signal
// the user 'error: connection aborted due to user timeout' in general and for any
// outstanding calls" (RFC 9293 3.10.8).
func testConnTimeout(t *testing.T, k *kind) {
	var deaf atomic.Bool
	lose := wire.Faults{DropOut: func(frame []byte) bool { return deaf.Load() && frame[12] == 8 && frame[13] == 0 }}
	onBadPair(t, k, lose, Ours(), func(p *Pair) {
		writer, _ := p.Connect(80)
		reader, _ := p.Connect(81)
		reader.(allMethods).SetKeepAlivePeriod(time.Second)
		deaf.Store(true)
		_, err := dialTCP(p.Context(), p.Ours, "10.0.0.1:80")
		wantTimeout(t, "dial", err)
		_, err = writer.Write(much)
		wantTimeout(t, "Write", err)
		_, err = writer.Read(make([]byte, 1))
		wantTimeout(t, "Read after it", err)
		_, err = reader.Read(make([]byte, 1))
		wantTimeout(t, "Read, with keep-alives", err)
	})
}
