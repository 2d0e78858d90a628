//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A place is where time is spent: in functions whose names begin so.
type place struct {
	name  string
	begin []string
}

// places are looked through in this order for each function of a stack trace, from the innermost to the outermost: the
// first function that is in one decides. What is in none belongs to whoever called it.
var places = []place{
	{"interrupts, and what the kernel does then", []string{"asm_sysvec", "asm_common_interrupt", "sysvec_", "__irq_exit"}},
	{"kernel: the other program is woken up", []string{"sock_def_readable", "sock_def_write_space", "sk_stream_write_space", "try_to_wake_up"}},
	{"kernel: its TCP sends on, while we write", []string{"tcp_write_xmit", "__tcp_transmit_skb", "__dev_queue_xmit", "tun_net_xmit"}},
	{"kernel: its IP and TCP take what we write", []string{"ip_rcv", "ip_local_deliver", "tcp_v4_rcv", "__netif_receive_skb", "netif_receive_skb"}},
	{"kernel: reading the TAP device", []string{"tun_chr_read_iter", "ksys_read", "vfs_read"}},
	{"kernel: writing to the TAP device", []string{"tun_chr_write_iter", "tun_get_user", "ksys_write", "vfs_write"}},
	{"kernel: waiting, and threads", []string{"__x64_sys_epoll", "do_epoll", "__x64_sys_futex", "do_futex", "__x64_sys_nanosleep", "schedule", "__schedule", "schedule_tail"}},
	{"into the kernel and out of it", []string{"entry_SYSCALL", "do_syscall_64", "syscall_return", "internal/runtime/syscall", "syscall.", "golang.org/x/sys/unix."}},
	{"checksums", []string{"stack.addSum", "stack.checksum", "stack.transportChecksum", "stack.foldSum"}},
	{"copying the data, within the program", []string{"runtime.memmove", "stack.(*buffer)", "stack.(*chunkPool)"}},
	{"TCP", []string{"stack.(*Conn)", "stack.(*segment)", "stack.(*Stack).receiveTCP", "stack.(*Stack).sendSegment", "stack.(*sentList)", "stack.(*rackState)", "stack.(*tcpOptions)", "stack.(*timestamps)", "stack.(*Stack).answerAll", "stack.(*timer)"}},
	{"IPv4", []string{"stack.(*ipv4Header)", "stack.(*Stack).receiveIPv4", "stack.(*Stack).receiveDatagram", "stack.(*Stack).sendIPv4", "stack.(*Stack).sendDatagram", "stack.(*Stack).nextHop", "stack.(*Stack).mtuTo", "stack.isNeighbour", "stack.(*Stack).validSource"}},
	{"Ethernet, ARP, and the loop that reads", []string{"stack."}},
	{"the TAP device's wrapper (shared/tap, package os)", []string{"framebyframe/shared", "os.", "internal/poll"}},
	{"Go's runtime, and the application", []string{"runtime.", "io.", "sync.", "time."}},
}

// where finds out where part 5's time goes, and returns it as a table: how many nanoseconds of each segment with data.
func where(d time.Duration) (string, error) {
	if _, err := exec.LookPath("perf"); err != nil {
		return "", errors.New("-where needs perf (Debian: apt install linux-perf)")
	}
	var columns [2]map[string]float64
	for i, run := range []func(*trial) (transfer, error){
		func(t *trial) (transfer, error) { return t.toPeer("") },
		(*trial).fromPeer,
	} {
		_, _, err := runTrial(measure{run: func(t *trial) (_ values, err error) {
			columns[i], err = profiled(t, run)
			return nil, err
		}}, peers[0], variant{}, 1, d)
		if err != nil {
			return "", err
		}
	}
	return whereTable(columns), nil
}

// fullSegment is how much data a segment with timestamps carries.
const fullSegment = 1448

// profiled runs a transfer beside perf, and shares out its time.
func profiled(t *trial, run func(*trial) (transfer, error)) (map[string]float64, error) {
	file := filepath.Join(os.Getenv(programsEnv), "perf.data")
	record := exec.Command("perf", "record", "-q", "-F", "1999", "-g", "-o", file, "-p", fmt.Sprint(t.peer.cmd.Process.Pid))
	if err := record.Start(); err != nil {
		return nil, err
	}
	time.Sleep(500 * time.Millisecond) // until it looks
	got, err := run(t)
	_ = record.Process.Signal(os.Interrupt)
	if ended := record.Wait(); err == nil && ended != nil && record.ProcessState.ExitCode() > 0 {
		err = fmt.Errorf("perf record: %w", ended)
	}
	if err != nil {
		return nil, err
	}
	script, err := exec.Command("perf", "script", "-i", file, "-F", "ip,sym").Output()
	if err != nil {
		return nil, fmt.Errorf("perf script: %w", err)
	}
	samples, all := count(script)
	for name := range samples {
		samples[name] *= float64(got.cpu.Nanoseconds()) / (got.bytes / fullSegment) / all
	}
	return samples, nil
}

// count counts the samples of each place, and all of them.
func count(script []byte) (samples map[string]float64, all float64) {
	samples = make(map[string]float64)
	var stack []string
	flush := func() {
		if len(stack) > 0 {
			samples[placeOf(stack)]++
			all++
		}
		stack = stack[:0]
	}
	lines := bufio.NewScanner(bytes.NewReader(script))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			flush()
		} else if len(fields) > 1 {
			stack = append(stack, fields[1])
		}
	}
	flush()
	return samples, all
}

// elsewhere is where no rule fits.
const elsewhere = "elsewhere"

// placeOf returns where a stack trace belongs, whose innermost function comes first.
func placeOf(stack []string) string {
	for _, function := range stack {
		function = strings.TrimPrefix(function, "framebyframe/part5-retransmission/")
		if strings.HasPrefix(function, "runtime.memcl") || strings.HasPrefix(function, "runtime.duff") ||
			strings.HasPrefix(function, "runtime.map") || strings.HasPrefix(function, "runtime.nanotime") || strings.HasPrefix(function, "time.") {
			continue // on behalf of the caller
		}
		for _, p := range places {
			for _, begin := range p.begin {
				if strings.HasPrefix(function, begin) {
					return p.name
				}
			}
		}
	}
	return elsewhere
}

// whereTable returns the table, the largest first.
func whereTable(columns [2]map[string]float64) string {
	var names []string
	var sums [2]float64
	for _, p := range append(slices.Clone(places), place{name: elsewhere}) {
		if columns[0][p.name]+columns[1][p.name] > 0 {
			names = append(names, p.name)
		}
		sums[0] += columns[0][p.name]
		sums[1] += columns[1][p.name]
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return int(columns[0][b] + columns[1][b] - columns[0][a] - columns[1][a])
	})
	var b strings.Builder
	fmt.Fprintf(&b, "| where part 5's time goes, in ns for each segment of %d bytes | receiving | sending |\n|---|---:|---:|\n", fullSegment)
	for _, name := range names {
		fmt.Fprintf(&b, "| %s | %.0f | %.0f |\n", name, columns[0][name], columns[1][name])
	}
	fmt.Fprintf(&b, "| **all** | **%.0f** | **%.0f** |\n", sums[0], sums[1])
	return b.String()
}
