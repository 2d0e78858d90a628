//go:build linux

package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
)

func TestOptionsDefaults(t *testing.T) {
	opt, err := parseOptions("part", nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if opt.tap != "tap0" || opt.host.String() != "10.0.0.1/24" || opt.ip.String() != "10.0.0.4/24" ||
		opt.mac.String() != "02:00:00:00:00:04" || opt.mtu != 1500 || opt.quiet || opt.pcap != "" ||
		opt.faults.Any() || opt.resolve.IsValid() {
		t.Errorf("defaults are %+v", opt)
	}
}

// wrongFlags are command lines that cannot be meant, one argument between two blanks, and
// what the error has to say beside the names of the flags. Each part adds its own.
var wrongFlags = map[string]string{
	"-nonsense":                           "not defined",
	"-ip":                                 "needs an argument",
	"-q now":                              `unexpected argument "now"`,
	"-q=perhaps":                          "invalid boolean",
	"-tap ":                               "no name for a device",
	"-tap sixteen-letters.":               "1 to 15 characters",
	"-tap a/b":                            "no name for a device",
	"-tap ..":                             "no name for a device",
	"-tap a\tb":                           "no name for a device",
	"-tap fd:":                            "number of a descriptor",
	"-tap fd:-1":                          "number of a descriptor",
	"-tap fd:x":                           "number of a descriptor",
	"-tap fd:999":                         "descriptor 999 is not open",
	"-tap fd:0":                           "no datagram or seqpacket socket",
	"-host 10.0.0.1":                      "no address with prefix length",
	"-host 10.0.0.0/24":                   "first or last address",
	"-host 10.0.0.1/32":                   "not on the same link",
	"-host 10.0.0.4/24":                   "both 10.0.0.4",
	"-host 10.1.0.1/24":                   "-ip 10.0.0.4/24 are not on the same link",
	"-host 10.0.0.127/24 -ip 10.0.0.4/25": "not on the same link",
	"-ip ":                                "no address with prefix length",
	"-ip 10.0.0/24":                       "no address with prefix length",
	"-ip ::1/64":                          "no address with prefix length",
	"-ip 10.0.0.4/33":                     "no address with prefix length",
	"-ip 10.0.0.0/24":                     "first or last address",
	"-ip 10.0.0.255/24":                   "first or last address",
	"-ip 10.0.0.4/0":                      "cannot be a host's address",
	"-ip 10.0.0.4/32":                     "no other host",
	"-ip 10.0.0.4/31":                     "not on the same link",
	"-ip 10.0.1.4/24":                     "not on the same link",
	"-ip 0.0.0.0/8":                       "cannot be a host's address",
	"-ip 0.1.2.3/8":                       "cannot be a host's address",
	"-ip 127.0.0.1/8":                     "cannot be a host's address",
	"-ip 224.0.0.1/24":                    "cannot be a host's address",
	"-ip 255.255.255.255/24":              "cannot be a host's address",
	"-mac x":                              "no MAC address",
	"-mac 02:00:00:00:00:00:00:04":        "no MAC address",
	"-mac 00:00:00:00:00:00":              "all zeros",
	"-mac 01:00:5e:00:00:01":              "several cards",
	"-mac ff:ff:ff:ff:ff:ff":              "several cards",
	"-mtu 67":                             "from 68 to 65521",
	"-mtu 65522":                          "from 68 to 65521",
	"-mtu -1500":                          "from 68 to 65521",
	"-mtu 0x5dc":                          "from 68 to 65521",
	"-mtu big":                            "from 68 to 65521",
	"-mtu 99999999999999999999":           "from 68 to 65521",
	"-pcap ":                              "name of a file",
	"-pcap testdata":                      "this is a directory",
	"-resolve nobody":                     "no IPv4 address",
	"-resolve ::1":                        "no IPv4 address",
	"-resolve ":                           "no IPv4 address",
	"-resolve 10.0.0.4":                   "no other host on our link 10.0.0.0/24",
	"-resolve 10.0.0.255":                 "no other host on our link",
	"-resolve 10.0.1.1":                   "no other host on our link",
	"-resolve 10.0.0.1 -resolve 10.0.0.2": "given before",
	"-ip 10.0.0.4/24 -ip 10.0.0.4/24":     "given before",
	"-loss 5":                             "percentage from 0% to 100%",
	"-loss 101%":                          "percentage",
	"-loss -1%":                           "percentage",
	"-loss NaN":                           "percentage",
	"-loss ":                              "percentage",
	"-loss 5% -loss 1%":                   "given before",
	"-duplicate 1":                        "percentage",
	"-reorder 1":                          "percentage",
	"-corrupt x":                          "percentage",
	"-delay -1s":                          "time from 0s to 1h",
	"-delay 2h":                           "time from 0s to 1h",
	"-jitter 5":                           "time from 0s to 1h",
	"-rate 0":                             "speed from 1bit",
	"-rate fast":                          "speed from 1bit",
	"-seed -1":                            "number from 0",
	"-drop 0:ARP":                         "N from 1 on",
	"-drop x:":                            "N from 1 on",
	"-drop x":                             "N from 1 on",
	"-drop 1 -drop 1:":                    "N from 1 on",
}

// A wrong flag gives one line that names it, and status 2; nothing is opened.
func TestOptionsErrors(t *testing.T) {
	for line, want := range wrongFlags {
		var stdout, stderr bytes.Buffer
		status := run(strings.Split(line, " "), &stdout, &stderr)
		text := stderr.String()
		if status != 2 || strings.Count(text, "\n") != 1 || !strings.Contains(text, want) || stdout.Len() > 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and a line with %q", line, status, &stdout, text, want)
		}
		if flag := strings.SplitN(line, " ", 2)[0]; !strings.HasPrefix(want, "unexpected") && !strings.Contains(text, strings.Split(flag, "=")[0]) {
			t.Errorf("%s: %q does not name the flag", line, text)
		}
	}
}

// goodFlags are command lines that one might take for wrong ones.
var goodFlags = []string{
	"-q -q", "-drop 1 -drop 1:ARP -drop 2", "-ip 10.0.0.4/31 -host 10.0.0.5/31", "-host ", "-mtu 68", "-mtu 65521",
	"-mac 02-00-00-00-00-05", "-loss 0", "-loss 100%", "-delay 1h", "-tap fifteen-letters", "-resolve 10.0.0.1",
}

func TestOptionsAccepted(t *testing.T) {
	for _, line := range goodFlags {
		if _, err := parseOptions("part", strings.Split(line, " "), io.Discard); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// flagNames are the flags that -h has to tell of. Each part adds its own.
var flagNames = []string{"tap", "host", "ip", "mac", "mtu", "pcap", "q", "resolve",
	"loss", "delay", "jitter", "duplicate", "reorder", "corrupt", "rate", "seed", "drop"}

func TestHelp(t *testing.T) {
	var stderr bytes.Buffer
	if _, err := parseOptions("part", []string{"-h"}, &stderr); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, name := range flagNames {
		if !strings.Contains(stderr.String(), "  -"+name) {
			t.Errorf("-h does not tell of -%s", name)
		}
	}
	if status := run([]string{"-h"}, io.Discard, io.Discard); status != 0 {
		t.Errorf("-h: status %d", status)
	}
}
