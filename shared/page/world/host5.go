package world

import (
	"context"
	"fmt"
	"net/netip"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/wire"
)

type host5 struct{ *stack.Stack }

func newHost5(dev wire.Device, c config) host {
	return host5{stack.New(dev, stack.Config{MAC: c.mac, IP: c.ip, MTU: mtu, Log: c.log, Trace: true, Rand: c.rand,
		NoSACK: c.kind.Plain, CongestionControl: map[bool]string{true: "reno"}[c.kind.Reno]})}
}

func (h host5) resolve(ctx context.Context, ip netip.Addr) (string, error) {
	mac, err := h.Resolve(ctx, ip)
	return mac.String(), err
}

func (h host5) ping(ctx context.Context, ip netip.Addr, seq uint16, data []byte) (string, error) {
	r, err := h.Ping(ctx, ip, seq, data)
	return fmt.Sprintf("%d bytes, ttl=%d, time=%v", r.Bytes, r.TTL, r.RTT), err
}

func (h host5) dial(ctx context.Context, to netip.AddrPort) (conn, error) { return h.DialTCP(ctx, to) }

func (h host5) listen(port uint16) (func() (conn, error), error) {
	l, err := h.Listen(port)
	if err != nil {
		return nil, err
	}
	return func() (conn, error) { return l.AcceptTCP() }, nil
}

func (h host5) info() any { return h.Info() }

func (host5) sample(c conn) Sample {
	i := c.(*stack.Conn).Info()
	return Sample{
		SRTT: int64(i.RTO.SRTT), RTO: int64(i.RTO.RTO), WND: i.Snd.WND, Flight: int(i.Snd.NXT - i.Snd.UNA),
		CWND: i.Congestion.CWND, SSThresh: i.Congestion.SSThresh,
	}
}
