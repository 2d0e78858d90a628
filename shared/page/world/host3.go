package world

import (
	"context"
	"fmt"
	"net/netip"

	"framebyframe/part3-tcp-handshake/stack"
	"framebyframe/shared/wire"
)

type host3 struct{ *stack.Stack }

func newHost3(dev wire.Device, c config) host {
	return host3{stack.New(dev, stack.Config{MAC: c.mac, IP: c.ip, MTU: mtu, Log: c.log, Trace: true, Rand: c.rand})}
}

func (h host3) resolve(ctx context.Context, ip netip.Addr) (string, error) {
	mac, err := h.Resolve(ctx, ip)
	return mac.String(), err
}

func (h host3) ping(ctx context.Context, ip netip.Addr, seq uint16, data []byte) (string, error) {
	r, err := h.Ping(ctx, ip, seq, data)
	return fmt.Sprintf("%d bytes, ttl=%d, time=%v", r.Bytes, r.TTL, r.RTT), err
}

func (h host3) dial(ctx context.Context, to netip.AddrPort) (conn, error) { return h.DialTCP(ctx, to) }

func (h host3) listen(port uint16) (func() (conn, error), error) {
	l, err := h.Listen(port)
	if err != nil {
		return nil, err
	}
	return func() (conn, error) { return l.AcceptTCP() }, nil
}

func (h host3) info() any { return h.Info() }
