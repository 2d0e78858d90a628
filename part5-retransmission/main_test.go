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

// A wrong flag gives one line that names it, and status 2; nothing is opened.
func TestOptionsErrors(t *testing.T) {
	for args, want := range map[string]string{
		"-nonsense":              "-nonsense",
		"-ip 10.0.0/24":          "no address with prefix length",
		"-ip 10.0.0.0/24":        "first or last address",
		"-ip":                    "needs an argument",
		"-host 10.0.0.4/24":      "both 10.0.0.4",
		"-host 10.1.0.1/24":      "not on the same link",
		"-mac 01:00:5e:00:00:01": "-mac",
		"-mac x":                 "no MAC address",
		"-mtu 20":                "-mtu 20",
		"-mtu big":               "-mtu",
		"-resolve nobody":        "no IPv4 address",
		"-resolve ::1":           "no IPv4 address",
		"-loss 5":                "-loss",
		"-loss 101%":             "-loss",
		"-delay -1s":             "-delay",
		"-rate fast":             "-rate",
		"-drop 0:ARP":            "-drop",
		"-drop x":                "-drop",
		"-q now":                 `unexpected argument "now"`,
	} {
		_, err := parseOptions("part", strings.Fields(args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something with %q", args, err, want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", args, err)
		}
	}
	var stderr bytes.Buffer
	if status := run([]string{"-mtu", "20"}, io.Discard, &stderr); status != 2 || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("status %d, stderr %q", status, stderr.String())
	}
}

func TestHelp(t *testing.T) {
	var stderr bytes.Buffer
	if _, err := parseOptions("part", []string{"-h"}, &stderr); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, name := range []string{"tap", "host", "ip", "mac", "mtu", "pcap", "q", "resolve",
		"loss", "delay", "jitter", "duplicate", "reorder", "corrupt", "rate", "seed", "drop"} {
		if !strings.Contains(stderr.String(), "  -"+name) {
			t.Errorf("-h does not tell of -%s", name)
		}
	}
	if status := run([]string{"-h"}, io.Discard, io.Discard); status != 0 {
		t.Errorf("-h: status %d", status)
	}
}
