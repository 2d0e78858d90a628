package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// packages says which Debian package brings a tool, for tools that a reader of the chapters may want.
var packages = map[string]string{
	"ab":         "apache2-utils",
	"arp":        "net-tools",
	"arp-scan":   "arp-scan",
	"arping":     "arping",
	"bridge":     "iproute2",
	"curl":       "curl",
	"dig":        "bind9-dnsutils",
	"ethtool":    "ethtool",
	"fping":      "fping",
	"hping3":     "hping3",
	"ifconfig":   "net-tools",
	"ip":         "iproute2",
	"iperf3":     "iperf3",
	"iptables":   "iptables",
	"mtr":        "mtr-tiny",
	"nc":         "netcat-openbsd",
	"ncat":       "ncat",
	"netcat":     "netcat-openbsd",
	"netstat":    "net-tools",
	"nft":        "nftables",
	"nmap":       "nmap",
	"nping":      "nmap",
	"ping":       "iputils-ping",
	"socat":      "socat",
	"ss":         "iproute2",
	"strace":     "strace",
	"tc":         "iproute2",
	"tcpdump":    "tcpdump",
	"telnet":     "telnet",
	"tmux":       "tmux",
	"tracepath":  "iputils-tracepath",
	"traceroute": "traceroute",
	"tshark":     "tshark",
	"wget":       "wget",
	"wireshark":  "wireshark",
}

// completePath returns path with the directories of the system's tools added where they are missing: arping, tcpdump and
// ip may live there, and on Debian an ordinary user's PATH lacks them.
func completePath(path string) string {
	dirs := filepath.SplitList(path)
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// lookCommand finds the program that the command line name means. The lab asks before it builds or starts anything.
func lookCommand(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return "", failure{statusNotExecutable, fmt.Sprintf("%s is there but may not be run (see ls -l %[1]s)", name)}
	}
	if strings.Contains(name, "/") {
		return "", failure{statusNotFound, fmt.Sprintf("there is no program %s", name)}
	}
	if pkg, known := packages[name]; known {
		return "", failure{statusNotFound, fmt.Sprintf("%s is not installed; on Debian and Ubuntu:  sudo apt install %s", name, pkg)}
	}
	return "", failure{statusNotFound, fmt.Sprintf("there is no command %q on PATH; install it or check the spelling", name)}
}

// shell returns the user's shell.
func shell() string {
	if sh := os.Getenv("SHELL"); sh != "" {
		if path, err := exec.LookPath(sh); err == nil {
			return path
		}
	}
	return "/bin/sh"
}
