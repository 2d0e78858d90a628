//go:build linux

package host

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParsePrefix(t *testing.T) {
	for _, good := range []string{"10.0.0.4/24", "192.168.1.1/30", "10.0.0.4/31", "10.0.0.4/32", "10.255.255.255/7"} {
		if p, err := parsePrefix(good, false); err != nil || p.String() != good {
			t.Errorf("parsePrefix(%q) = %v, %v", good, p, err)
		}
	}
	for _, bad := range []string{
		"", "10.0.0.4", "10.0.0/24", "10.0.0.4/33", "10.0.0.4/-1", "10.0.0.4/0", "fe80::1/64", "::ffff:10.0.0.4/120",
		"0.0.0.0/8", "127.0.0.1/8", "224.0.0.1/24", "240.0.0.1/24", "255.255.255.255/32",
		"10.0.0.0/24", "10.0.0.255/24", "10.0.3.255/22",
	} {
		if p, err := parsePrefix(bad, false); err == nil {
			t.Errorf("parsePrefix(%q) = %v, want an error", bad, p)
		}
	}
	if p, err := parsePrefix("", true); err != nil || p.IsValid() {
		t.Errorf("an empty prefix, where it is allowed: %v, %v", p, err)
	}
}

func TestParseMAC(t *testing.T) {
	if mac, err := parseMAC("02:00:00:00:00:04"); err != nil || mac != [6]byte{2, 0, 0, 0, 0, 4} {
		t.Errorf("got %v, %v", mac, err)
	}
	for _, bad := range []string{"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00", "4"} {
		if mac, err := parseMAC(bad); err == nil {
			t.Errorf("parseMAC(%q) = %v, want an error", bad, mac)
		}
	}
}

func TestCheckLink(t *testing.T) {
	for _, test := range []struct {
		host, ip string
		want     string // part of the error, "" for none
	}{
		{"10.0.0.1/24", "10.0.0.4/24", ""},
		{"10.0.0.1/24", "10.0.0.4/24", ""},
		{"10.0.0.1/24", "10.0.0.4/24", ""},
		{"", "192.168.7.7/16", ""},
		{"10.0.0.1/24", "10.0.0.4/25", ""}, // odd, but each finds the other
		{"10.0.0.1/24", "10.0.0.1/24", "both 10.0.0.1"},
		{"10.0.0.1/24", "10.0.1.4/24", "not on the same link"},
		{"10.0.0.1/24", "10.0.0.200/25", "not on the same link"},
		{"10.0.0.1/24", "", "needs an address"},
		{"", "10.0.0.4/32", "no other host"},
	} {
		host, _ := parsePrefix(test.host, true)
		var ip netip.Prefix
		if test.ip != "" {
			ip = netip.MustParsePrefix(test.ip)
		}
		err := checkLink(host, ip)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%+v: %v", test, err)
		}
	}
}
