package world

import (
	"context"
	"net/netip"

	"framebyframe/part1-ethernet-arp/stack"
	"framebyframe/shared/wire"
)

type host1 struct{ *stack.Stack }

func newHost1(dev wire.Device, c config) host {
	return host1{stack.New(dev, stack.Config{MAC: c.mac, IP: c.ip, MTU: mtu, Log: c.log, Trace: true})}
}

func (h host1) resolve(ctx context.Context, ip netip.Addr) (string, error) {
	mac, err := h.Resolve(ctx, ip)
	return mac.String(), err
}

func (host1) ping(context.Context, netip.Addr, uint16, []byte) (string, error) { return "", errNotYet }
func (host1) dial(context.Context, netip.AddrPort) (conn, error)               { return nil, errNotYet }
func (host1) listen(uint16) (func() (conn, error), error)                      { return nil, errNotYet }

func (h host1) info() any { return h.Info() }
