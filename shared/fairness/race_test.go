//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSample counts two connections in virtual time.
func TestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts []*atomic.Int64
		for _, step := range []int{1250, 125} { // bytes every 10 ms: 1 and 0.1 Mbit/s
			client, server := net.Pipe()
			defer client.Close()
			counts = append(counts, count(client))
			go func() {
				defer server.Close()
				for range 400 {
					time.Sleep(10 * time.Millisecond)
					server.Write(make([]byte, step))
				}
			}()
		}
		time.Sleep(555 * time.Millisecond)
		res := result{flows: make([]flow, 2)}
		sample(counts, &res, 3)
		for i, want := range []float64{1, 0.1} {
			if len(res.flows[i].rates) != 3 || res.flows[i].mean() < 0.999*want || res.flows[i].mean() > 1.001*want {
				t.Errorf("flow %d: %v Mbit/s, want %v three times", i, res.flows[i].rates, want)
			}
		}
		time.Sleep(5 * time.Second) // until all have ended
	})
}

// TestOneSecond runs the real thing for a second. What it measures is nobody's business here.
func TestOneSecond(t *testing.T) {
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no TAP devices here: %v", err)
	}
	tun.Close()
	program := filepath.Join(t.TempDir(), "fairness")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "-seconds", "1", "-only", "1")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	switch text := string(out); {
	case strings.Contains(text, "no private network"):
		t.Skip(text)
	case err != nil || !strings.Contains(text, "  reno ") || !strings.Contains(text, "of the cable"):
		t.Errorf("%v\n%s", err, text)
	}
}
