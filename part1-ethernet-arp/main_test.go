//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
)

// -h tells of all that this part can do. (What its flags refuse is tested in shared/host.)
func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := program().Run([]string{"-h"}, &stdout, &stderr); status != 0 || stdout.Len() > 0 {
		t.Errorf("status %d, stdout %q", status, &stdout)
	}
	for _, name := range []string{"resolve", "tap", "host", "ip", "mac", "mtu", "pcap", "q", "loss", "delay", "jitter", "duplicate", "reorder", "corrupt", "rate", "seed", "drop"} {
		if !strings.Contains(stderr.String(), "  -"+name) {
			t.Errorf("-h does not tell of -%s", name)
		}
	}
}
