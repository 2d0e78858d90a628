package world

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"framebyframe/shared/wire"
)

// A host is what all five parts have in common, once they are plugged in. Each part's adapter says what it can do;
// for what it cannot the error is errNotYet.
type host interface {
	Run() error
	Close() error
	resolve(ctx context.Context, ip netip.Addr) (string, error)
	ping(ctx context.Context, ip netip.Addr, seq uint16, data []byte) (string, error)
	dial(ctx context.Context, to netip.AddrPort) (conn, error)
	listen(port uint16) (accept func() (conn, error), err error)
	info() any // what it knows, a struct with names for JSON
}

// A sampler is a host whose connections can be asked for what a chart shows: parts 4 and 5.
type sampler interface{ sample(conn) Sample }

// A Sample is what a chart shows of a connection, at an instant. What the part does not have is 0.
type Sample struct {
	At       int64 `json:"at"`
	Host     int   `json:"host"`
	WND      int   `json:"wnd"`    // SND.WND
	Flight   int   `json:"flight"` // SND.NXT - SND.UNA
	CWND     int   `json:"cwnd"`
	SSThresh int   `json:"ssthresh"`
	SRTT     int64 `json:"srtt"`
	RTO      int64 `json:"rto"`
}

// A conn is a connection of part 3, which can be opened and aborted.
type conn interface{ Abort() }

// A stream is a connection of parts 4 and 5.
type stream interface {
	conn
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	CloseWrite() error
}

var errNotYet = errors.New("this part cannot do that yet")

// config is what a host is told of itself.
type config struct {
	mac  [6]byte
	ip   netip.Prefix
	log  io.Writer
	rand io.Reader
	kind Kind
}

// mtu is Ethernet's.
const mtu = 1500

var (
	addresses = [2]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.4")}
	macs      = [2][6]byte{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 4}}
)

func newHost(k Kind, dev wire.Device, c config) host {
	switch k.Part {
	case 1:
		return newHost1(dev, c)
	case 2:
		return newHost2(dev, c)
	case 3:
		return newHost3(dev, c)
	case 4:
		return newHost4(dev, c)
	}
	return newHost5(dev, c)
}

// newRand returns a host's own randomness.
func newRand(seed uint64, host int) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	key[31] = byte(host)
	return rand.NewChaCha8(key)
}
