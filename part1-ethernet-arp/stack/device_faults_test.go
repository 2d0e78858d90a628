package stack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// badDevice is a device that refuses frames: of every so many written it takes one, and it ends reading when told to.
type badDevice struct {
	wire.Device
	takes   int   // one in so many; 0: none
	refusal error // of the others
	cut     bool  // it has sent a piece of them by then
	writes  int
	refused int
	readErr atomic.Pointer[error]
}

func (d *badDevice) Write(b []byte) (int, error) {
	d.writes++
	if d.takes > 0 && d.writes%d.takes == 0 {
		return d.Device.Write(b)
	}
	d.refused++
	if d.cut {
		n, _ := d.Device.Write(b[:len(b)/2])
		return n, d.refusal
	}
	return 0, d.refusal
}

func (d *badDevice) Read(b []byte) (int, error) {
	n, err := d.Device.Read(b)
	if fault := d.readErr.Load(); fault != nil {
		return 0, *fault
	}
	return n, err
}

// A device that refuses frames, for whatever reason and however often, costs those frames and no more: each is counted,
// the owner is told once in ten seconds at most, and a peer that asks again gets its answer as soon as one is taken.
func TestDeviceRefusesFrames(t *testing.T) {
	const asked = 1000
	refused, answered, lines := 0, 0, 0
	for _, refusal := range []error{syscall.EIO, syscall.ENOBUFS, syscall.EAGAIN, io.ErrShortWrite, errors.New("no idea")} {
		for _, takes := range []int{0, 2, 7, 100} {
			synctest.Test(t, func(t *testing.T) {
				seg := wire.New(2)
				dev := &badDevice{Device: seg.End(0), takes: takes, refusal: refusal, cut: refusal == io.ErrShortWrite}
				log, ended, answers := &suite.Log{}, make(chan error, 1), 0
				seg.Observe(func(_ time.Time, from int, frame []byte) {
					if from == 0 && len(frame) == etherHeaderLen+arpLen {
						answers++
					}
				})
				s := New(dev, testConfig(log))
				s.trace = false
				go func() { ended <- s.Run() }()
				for range asked {
					seg.End(1).Write(request(peerMAC, peerIP, ourIP))
					time.Sleep(10 * time.Millisecond)
				}
				synctest.Wait()
				s.Close()
				if err := <-ended; err != nil {
					t.Errorf("%v: Run returned %v", refusal, err)
				}
				warnings := strings.Count(log.String(), "warning")
				if taken := dev.writes - dev.refused; answers != taken || dev.writes != asked {
					t.Errorf("%v, one in %d taken: %d answers, %d were taken of %d", refusal, takes, answers, taken, dev.writes)
				}
				if s.dropped[errDeviceFailing] != uint64(dev.refused) || s.sent != uint64(answers) || s.received != asked {
					t.Errorf("%v: %s; %d were refused", refusal, s.Summary(), dev.refused)
				}
				// Ten seconds have gone by: it failed, perhaps took frames again, and once more.
				if warnings < 1 || warnings > 4 || !strings.Contains(log.String(), refusal.Error()) {
					t.Errorf("%v: %d warnings:\n%s", refusal, warnings, log)
				}
				refused, answered, lines = refused+dev.refused, answered+answers, max(lines, warnings)
			})
		}
	}
	suite.Row{
		Area: "application", What: "a device that refuses frames", Source: "write(2)",
		Tried:   fmt.Sprintf("EIO, ENOBUFS, EAGAIN, half a frame and an unknown error; always, or all but one in 2, 7 and 100: %d frames refused", refused),
		Outcome: fmt.Sprintf("each is counted as lost; all %d questions whose answer was taken are answered; at most %d warnings in 10 s", answered, lines),
	}.Report(t)
}

// When reading fails, Run ends with that error, whatever it is, and so does everything that waits. Nothing is left.
func TestDeviceCannotBeRead(t *testing.T) {
	faults := []error{syscall.EIO, syscall.ENOBUFS, syscall.EINVAL, io.EOF, io.ErrUnexpectedEOF, os.ErrClosed}
	for _, fault := range faults {
		synctest.Test(t, func(t *testing.T) {
			seg := wire.New(2)
			dev := &badDevice{Device: seg.End(0), takes: 1}
			s := New(dev, testConfig(&suite.Log{}))
			ended, resolved := make(chan error, 1), make(chan error, 1)
			go func() { ended <- s.Run() }()
			go func() {
				_, err := s.Resolve(t.Context(), peerIP)
				resolved <- err
			}()
			synctest.Wait()
			dev.readErr.Store(&fault)
			seg.End(1).Write(request(otherMAC, otherIP, ourIP))
			if err := <-ended; !errors.Is(err, fault) || !strings.HasPrefix(err.Error(), "the device is lost: ") {
				t.Errorf("%v: Run returned %v", fault, err)
			}
			if err := <-resolved; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v: Resolve: %v, want net.ErrClosed", fault, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("%v: Close: %v", fault, err)
			}
		})
	}
	suite.Row{
		Area: "application", What: "a device that cannot be read", Source: "read(2)",
		Tried:   fmt.Sprintf("%d errors, while a question waits for its answer", len(faults)),
		Outcome: "the stack ends with that error and says that the device is lost; who waits gets net.ErrClosed at once; no goroutine and no timer is left",
	}.Report(t)
}
