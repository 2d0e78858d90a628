package pcap

import (
	"time"

	"framebyframe/shared/wire"
)

// Tee returns a Device that behaves like dev and writes every frame that
// passes, in either direction, to w. An error of w never touches the frame: a
// capture that cannot be written is no reason to lose traffic.
func Tee(dev wire.Device, w *Writer) wire.Device { return &tee{Device: dev, w: w} }

type tee struct {
	wire.Device
	w *Writer
}

func (t *tee) Read(b []byte) (int, error) {
	n, err := t.Device.Read(b)
	if err == nil {
		_ = t.w.WriteFrame(time.Now(), b[:n])
	}
	return n, err
}

func (t *tee) Write(b []byte) (int, error) {
	// First the record, then the frame: the peer may answer before Write
	// returns, and the answer belongs behind the question.
	_ = t.w.WriteFrame(time.Now(), b)
	return t.Device.Write(b)
}

// Unwrap returns the device inside.
func (t *tee) Unwrap() wire.Device { return t.Device }
