//go:build linux

package main

import (
	"errors"
	"flag"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

// namesFlag matches what an error says of the flag that is wrong.
var namesFlag = regexp.MustCompile(`^-[a-z]+|for flag -|for -|flag needs an argument: -|not defined: -|bad flag syntax: -|unexpected argument "|help requested`)

// FuzzFlags gives the program any command line. It is refused with one line that says
// why; or the two ends of the cable can talk to each other, and what the addresses print
// is what they are read from.
func FuzzFlags(f *testing.F) {
	for _, line := range []string{
		"", "-ip 10.0.0.4/24 -host 10.0.0.1/24 -mac 02:00:00:00:00:04 -mtu 1500", "-host  -resolve 10.0.0.1", "-ip 10.0.0.4/31 -host 10.0.0.5/31",
		"-loss 5% -reorder 1% -duplicate 0.1% -corrupt 100% -delay 20ms -jitter 5ms -rate 10mbit -seed 7", "-drop 1:ARP -drop 2", "-drop x", "-rate 0.5bit",
		"-tap fd:3 -q -pcap x.pcap", "-gateway 10.0.0.1 -ping 10.0.0.1 -count 3", "-listen 80 -dial 10.0.0.1:80 -nc 10.0.0.1:7", "-get http://10.0.0.1/ -plain", "-h", "-count 1", "-ping 10.0.0.1 -ping 10.0.0.2", "-mac 00:00:00:00:00:00 -tap fd:9",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		opt, err := parseOptions("part", strings.Split(line, " "), io.Discard)
		if err != nil {
			if text := err.Error(); text == "" || strings.Contains(text, "\n") && !strings.Contains(line, "\n") && !errors.Is(err, flag.ErrHelp) {
				t.Errorf("%q: the error is %q, want one line", line, text)
			} else if !namesFlag.MatchString(text) {
				t.Errorf("%q: the error %q names no flag", line, text)
			}
			return
		}
		if opt.mtu < minMTU || opt.mtu > maxMTU || !opt.ip.Addr().Is4() || opt.mac.isGroup() || opt.mac.isZero() {
			t.Errorf("%q: %+v", line, opt)
		}
		if opt.host.IsValid() && (!isNeighbour(opt.ip, opt.host.Addr()) || !isNeighbour(opt.host, opt.ip.Addr())) {
			t.Errorf("%q: -host %v and -ip %v are no neighbours", line, opt.host, opt.ip)
		}
		if again, err := parsePrefix(opt.ip.String(), false); err != nil || again != opt.ip {
			t.Errorf("%q: %v is read as %v (%v)", line, opt.ip, again, err)
		}
		if again, err := parseCardMAC(opt.mac.String()); err != nil || again != opt.mac {
			t.Errorf("%q: %v is read as %v (%v)", line, opt.mac, again, err)
		}
		if opt.resolve != (netip.Addr{}) && !opt.resolve.Is4() {
			t.Errorf("%q: -resolve %v", line, opt.resolve)
		}
	})
}
