package world

import (
	"context"
	"fmt"
	"net/netip"

	"framebyframe/part2-ipv4-icmp/stack"
	"framebyframe/shared/wire"
)

type host2 struct{ *stack.Stack }

func newHost2(dev wire.Device, c config) host {
	return host2{stack.New(dev, stack.Config{MAC: c.mac, IP: c.ip, MTU: mtu, Log: c.log, Trace: true, Rand: c.rand})}
}

func (h host2) resolve(ctx context.Context, ip netip.Addr) (string, error) {
	mac, err := h.Resolve(ctx, ip)
	return mac.String(), err
}

func (h host2) ping(ctx context.Context, ip netip.Addr, seq uint16, data []byte) (string, error) {
	r, err := h.Ping(ctx, ip, seq, data)
	return fmt.Sprintf("%d bytes, ttl=%d, time=%v", r.Bytes, r.TTL, r.RTT), err
}

func (host2) dial(context.Context, netip.AddrPort) (conn, error) { return nil, errNotYet }
func (host2) listen(uint16) (func() (conn, error), error)        { return nil, errNotYet }

func (h host2) info() any { return h.Info() }
