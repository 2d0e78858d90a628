//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A machine is what the numbers were measured on.
type machine struct {
	CPU, Kernel, Go   string
	CPUs, GOMAXPROCS  int
	ReadBuf, WriteBuf string // its tcp_rmem and tcp_wmem
	Memory            string
}

func describeMachine() machine {
	m := machine{Go: runtime.Version(), CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0)}
	m.CPU = field("/proc/cpuinfo", "model name")
	m.Memory = field("/proc/meminfo", "MemTotal")
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Sysname[:]) + " " + unix.ByteSliceToString(uts.Release[:])
	}
	if n, err := newNetwork(); err == nil {
		n.do(func() {
			m.ReadBuf, m.WriteBuf = setting("ipv4/tcp_rmem"), setting("ipv4/tcp_wmem")
		})
		n.close()
	}
	return m
}

// field returns what stands behind "name :" in a file of /proc.
func field(path, name string) string {
	content, _ := os.ReadFile(path)
	for line := range strings.Lines(string(content)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func setting(name string) string {
	content, err := os.ReadFile("/proc/sys/net/" + name)
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(content)), " ")
}

func (m machine) text() string {
	return fmt.Sprintf("%s, %d CPUs, %s of memory; %s; %s, GOMAXPROCS %d for the client and all peers\n"+
		"in Go, but for part 5, which gives itself 1 (see its main.go). The kernel's end of the cable uses %s (where a table does not say otherwise), tcp_rmem %s,\ntcp_wmem %s.",
		m.CPU, m.CPUs, m.Memory, m.Kernel, m.Go, m.GOMAXPROCS, strings.ToUpper(defaultControl), m.ReadBuf, m.WriteBuf)
}
