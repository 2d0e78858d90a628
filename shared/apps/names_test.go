package apps

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers questions on a connection (RFC 1035 4.2.2): names maps names to addresses.
func nameServer(t *testing.T, names map[string]string) netip.AddrPort {
	t.Helper()
	l := listen(t)
	go Serve(l, func(c net.Conn) {
		for {
			var length [2]byte
			if _, err := io.ReadFull(c, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, question); err != nil {
				return
			}
			answer := answerTo(t, question, names)
			c.Write(binary.BigEndian.AppendUint16(nil, uint16(len(answer))))
			c.Write(answer)
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// answerTo makes the message that a name server would send.
func answerTo(t *testing.T, question []byte, names map[string]string) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		t.Errorf("a question that cannot be read: %v", err)
		return nil
	}
	m.Response, m.Additionals = true, nil
	for _, q := range m.Questions {
		address, known := names[q.Name.String()]
		switch {
		case !known:
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			for ip := range strings.FieldsSeq(address) {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
				})
			}
		}
	}
	answer, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return answer
}

// A host is found by its whole name, and by a short one with what the search list adds. A dot at the end says that the
// name is whole; one inside that it is tried as it is first.
func TestNames(t *testing.T) {
	server := nameServer(t, map[string]string{
		"web.example.test.": "192.0.2.1 192.0.2.2", "mail.lan.": "192.0.2.3", "mail.example.test.": "192.0.2.4", "a.b.": "192.0.2.5", "a.b.lan.": "192.0.2.6",
	})
	n := Names{Dial: (&net.Dialer{}).DialContext, Server: server, Search: []string{"lan", "example.test."}}
	for host, want := range map[string]string{
		"web.example.test": "192.0.2.1 192.0.2.2", "web": "192.0.2.1 192.0.2.2", "mail": "192.0.2.3", "a.b": "192.0.2.5", "a.b.": "192.0.2.5",
		"nowhere": "", "web.": "", "example.test": "",
	} {
		ips, err := n.Lookup(t.Context(), host)
		var got []string
		for _, ip := range ips {
			got = append(got, ip.String())
		}
		slices.Sort(got)
		dns := (*net.DNSError)(nil)
		if strings.Join(got, " ") != want || (err == nil) != (want != "") || err != nil && (!errors.As(err, &dns) || !dns.IsNotFound || dns.Name != host) {
			t.Errorf("%s: %v, %v, want %s", host, got, err, want)
		}
	}
}

// A connection is opened to the first of a host's addresses that takes it, and an address is not looked up.
func TestNamesDial(t *testing.T) {
	server := nameServer(t, map[string]string{"web.": "192.0.2.1 192.0.2.2"})
	var tried []string
	n := Names{Server: server, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == server.String() {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		tried = append(tried, address)
		return nil, errors.New("refused here")
	}}
	for address, want := range map[string]string{"web:80": "192.0.2.1:80 192.0.2.2:80", "192.0.2.9:7": "192.0.2.9:7", ":7": ":7"} {
		tried = nil
		_, err := n.DialContext(t.Context(), "tcp", address)
		slices.Sort(tried)
		if strings.Join(tried, " ") != want || err == nil || !strings.Contains(err.Error(), "refused here") {
			t.Errorf("%s: tried %q, %v", address, tried, err)
		}
	}
	if _, err := n.DialContext(t.Context(), "tcp", "no port"); err == nil {
		t.Error("an address without a port was dialled")
	}
}

// A server that says nothing, that hangs up, or that cannot be reached: the error says that it is the server.
func TestNamesServerFails(t *testing.T) {
	silent, ending := listen(t), listen(t)
	go Serve(silent, Discard)
	go Serve(ending, func(net.Conn) {})
	ended := listen(t)
	ended.Close()
	for _, l := range []net.Listener{silent, ending, ended} {
		n := Names{Dial: (&net.Dialer{}).DialContext, Server: l.Addr().(*net.TCPAddr).AddrPort()}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := n.DialContext(ctx, "tcp", "web:80")
		cancel()
		if err == nil || !strings.Contains(err.Error(), "the name server does not help") || !strings.Contains(err.Error(), n.Server.String()) {
			t.Errorf("%v", err)
		} else {
			t.Log(err)
		}
	}
}
