//go:build linux

package host

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// The MTU may be anything from what every IPv4 link must carry (RFC 791 3.2) to
// what fits into Linux's TAP device.
const (
	minMTU = 68
	maxMTU = 65521
)

// parseIP reads an IPv4 address.
func parseIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is4() {
		return netip.Addr{}, errors.New("want an IPv4 address, such as 10.0.0.1")
	}
	return ip, nil
}

// parsePrefix reads a host's address with the length of the part that all hosts
// on its link share, such as 10.0.0.4/24. An empty text is the zero Prefix if
// that is allowed.
func parsePrefix(text string, mayBeEmpty bool) (netip.Prefix, error) {
	if text == "" && mayBeEmpty {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, errors.New("want an address and a prefix length, such as 10.0.0.4/24")
	}
	ip := p.Addr()
	switch {
	case p.Bits() == 0, !isUnicast(ip):
		return netip.Prefix{}, fmt.Errorf("%v cannot be a host's address on a link", p)
	case p.Bits() < 31 && (!p.Contains(ip.Prev()) || !p.Contains(ip.Next())):
		return netip.Prefix{}, fmt.Errorf("%v is the first or last address of its block, which no host may have", p)
	}
	return p, nil
}

// isUnicast reports whether the IPv4 address ip is one that some host can have (RFC 1122
// 3.2.1.3): none of the blocks 0 ("this network"), 127 (each host itself), 224 (multicast)
// and from 240 on (reserved).
func isUnicast(ip netip.Addr) bool {
	first := ip.As4()[0]
	return first != 0 && first != 127 && first < 224
}

// parseMAC reads the MAC address of a single card.
func parseMAC(text string) ([6]byte, error) {
	b, err := net.ParseMAC(text)
	switch {
	case err != nil || len(b) != 6:
		return [6]byte{}, errors.New("want a MAC address: six bytes in hex, such as 02:00:00:00:00:04")
	case [6]byte(b) == [6]byte{}:
		return [6]byte{}, errors.New("all zeros is not a card's address")
	case b[0]&1 == 1:
		return [6]byte{}, errors.New("a single card's address begins with an even byte: this one stands for several cards")
	}
	return [6]byte(b), nil
}

// checkLink checks that the two ends of the cable can talk to each other.
func checkLink(host, ip netip.Prefix) error {
	switch {
	case !ip.IsValid():
		return errors.New("-ip: this stack needs an address")
	case ip.Bits() == 32:
		return fmt.Errorf("-ip %v: there is no other host in a block of one address", ip)
	case !host.IsValid():
		return nil
	case host.Addr() == ip.Addr():
		return fmt.Errorf("-host and -ip are both %v: each end of the cable needs an address of its own", ip.Addr())
	case !isNeighbour(host, ip.Addr()) || !isNeighbour(ip, host.Addr()):
		return fmt.Errorf("-host %v and -ip %v are not on the same link: neither would ask for the other", host, ip)
	}
	return nil
}

// checkNeighbour checks that the address ip, which the flag name asks for, can be another
// host's on our link.
func checkNeighbour(name string, ip netip.Addr, us netip.Prefix) error {
	if isNeighbour(us, ip) {
		return nil
	}
	return fmt.Errorf("-%s %v is not another host on our link %v", name, ip, us.Masked())
}

// checkPeer checks that the address peer, which the flag name asks for, can be a host's: our
// own, one on our link, or one beyond the gateway.
func checkPeer(name string, peer netip.Addr, us netip.Prefix) error {
	switch {
	case peer == us.Addr(), isNeighbour(us, peer):
		return nil
	case us.Contains(peer), !isUnicast(peer):
		return fmt.Errorf("-%s %v is not a single host's address", name, peer)
	}
	return nil
}

// isNeighbour reports whether ip can be another host's address on the link of a host that has
// the address us: the first and the last address of a link are no host's (RFC 1122 3.2.1.3),
// unless it has only one or two (RFC 3021).
func isNeighbour(us netip.Prefix, ip netip.Addr) bool {
	if !us.Contains(ip) || ip == us.Addr() {
		return false
	}
	return us.Bits() >= 31 || us.Contains(ip.Prev()) && us.Contains(ip.Next())
}

// parseAddrPort reads an address with a port, such as 10.0.0.1:80.
func parseAddrPort(text string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(text)
	if err != nil || !to.Addr().Is4() || to.Port() == 0 {
		return netip.AddrPort{}, errors.New("want an IPv4 address and a port, such as 10.0.0.1:80")
	}
	return to, nil
}

// parseHostPort reads an address or a name with a port, such as www.example.com:80.
func parseHostPort(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errors.New("want a host and a port, such as 10.0.0.1:80 or www.example.com:80")
	}
	if _, err := netip.ParseAddr(host); err == nil || !isName(host) {
		_, err := parseAddrPort(text)
		return text, err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q: a port is a number from 1 to 65535", text)
	}
	return text, nil
}

// isName reports whether text can be the name of a host: letters, digits and hyphens between dots (RFC 1123 2.1). One
// of digits alone is an address that somebody has mistyped.
func isName(text string) bool {
	letters := false
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			switch {
			case 'a' <= c|0x20 && c|0x20 <= 'z':
				letters = true
			case c != '-' && (c < '0' || c > '9'):
				return false
			}
		}
	}
	return letters && len(text) <= 254
}

// checkHost is checkPeer for a host that may have been named instead.
func checkHost(name, host string, us netip.Prefix) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return checkPeer(name, ip, us)
	}
	return nil
}

// parseURL reads the address of a page.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("want a URL, such as http://10.0.0.1/ or https://www.example.com/")
	}
	_, err = parseHostPort(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")))
	return u, err
}
