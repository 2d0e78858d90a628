//go:build linux

package host

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/wire"
)

// fakeStack is a stack that does nothing but wait for its end.
type fakeStack struct {
	dev       wire.Device
	cfg       Config
	listens   bool
	announced chan bool
}

func (s *fakeStack) Run() error {
	for b := make([]byte, 2000); ; {
		if _, err := s.dev.Read(b); err != nil {
			return nil
		}
	}
}
func (s *fakeStack) Close() error    { return s.dev.Close() }
func (s *fakeStack) Announce()       { s.announced <- true }
func (s *fakeStack) Summary() string { return "nothing has passed\n" }

// newProgram is a part that can do all that the parts can. What it was asked for is written to did.
func newProgram(did *bytes.Buffer) (p *Program[*fakeStack], s *fakeStack) {
	s = &fakeStack{announced: make(chan bool, 1)}
	p = &Program[*fakeStack]{Describe: func(_ *fakeStack, frame []byte) string { return fmt.Sprintf("a frame of %d", len(frame)) }, Topmost: "frame"}
	p.New = func(dev wire.Device, c Config) *fakeStack {
		s.dev, s.cfg = dev, c
		return s
	}
	p.Listen = func(s *fakeStack) error { s.listens = true; return nil }
	p.Gateway()
	p.Port("listen", "serve on `PORT` (default 80)", 80)
	count := p.Count("count", "ping", "-ping sends `N` (default 3)", 3)
	note := func(out io.Writer, what string, v any) error {
		fmt.Fprintf(did, "%s %v", what, v)
		fmt.Fprint(out, "done\n")
		return nil
	}
	p.TaskNeighbour("resolve", "ask for `IP`", func(_ context.Context, _ *fakeStack, ip netip.Addr, out io.Writer) error {
		return note(out, "resolve", ip)
	})
	p.TaskIP("ping", "ping `IP`", func(_ context.Context, _ *fakeStack, ip netip.Addr, out io.Writer) error {
		return note(out, fmt.Sprintf("ping %d times", *count), ip)
	})
	p.TaskPort("dial", "dial `IP:PORT`", func(_ context.Context, _ *fakeStack, to netip.AddrPort, out io.Writer) error {
		return note(out, "dial", to)
	})
	p.TaskURL("get", "fetch `URL`", func(_ context.Context, _ *fakeStack, u *url.URL, out io.Writer) error {
		return note(out, "get", u)
	})
	p.TaskHost("nc", "talk to `HOST:PORT`", func(_ context.Context, _ *fakeStack, to string, out io.Writer) error {
		return note(out, "nc", to)
	})
	p.NameServer()
	p.Proxy()
	return p, s
}

// socketCable returns the flag for a cable that is a socket, and its other end.
func socketCable(t *testing.T) (flag string, other *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	other = os.NewFile(uintptr(fds[1]), "cable")
	t.Cleanup(func() { other.Close() })
	return fmt.Sprintf("fd:%d", fds[0]), other
}

// A program does the one thing that it was asked for and ends with status 0.
func TestTasks(t *testing.T) {
	for line, want := range map[string]string{
		"-resolve 10.0.0.9":           "resolve 10.0.0.9",
		"-ping 192.0.2.7":             "ping 3 times 192.0.2.7",
		"-ping 10.0.0.4 -count 5":     "ping 5 times 10.0.0.4",
		"-dial 10.0.0.1:80":           "dial 10.0.0.1:80",
		"-get http://10.0.0.1:8000/x": "get http://10.0.0.1:8000/x",
		"-get https://example.test/":  "get https://example.test/",
		"-nc example.test:7":          "nc example.test:7",
	} {
		var did, stdout, stderr bytes.Buffer
		cable, _ := socketCable(t)
		p, s := newProgram(&did)
		status := p.Run(strings.Fields("-q -tap "+cable+" "+line), &stdout, &stderr)
		if status != 0 || did.String() != want || stdout.String() != "done\n" || s.listens {
			t.Errorf("%s: status %d, did %q, want %q; listens: %v\n%s%s", line, status, &did, want, s.listens, &stdout, &stderr)
		}
		if want := "ready: 10.0.0.4 (02:00:00:00:00:04) is this program; its cable is " + cable + "\n"; stderr.String() != want {
			t.Errorf("%s: stderr %q, want %q", line, &stderr, want)
		}
		if s.cfg.Gateway.String() != "10.0.0.1" {
			t.Errorf("%s: the gateway is %v, want the -host address", line, s.cfg.Gateway)
		}
	}
}

// A host that was asked for nothing offers what it has, announces itself, and stays until SIGTERM, which ends it with
// status 0 and, unless it is to be quiet, a summary.
func TestStays(t *testing.T) {
	var did, stdout, stderr bytes.Buffer
	cable, _ := socketCable(t)
	p, s := newProgram(&did)
	go func() {
		<-s.announced
		syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}()
	status := p.Run([]string{"-tap", cable}, &stdout, &stderr)
	if status != 0 || !s.listens || !strings.HasSuffix(stderr.String(), "\nnothing has passed\n") {
		t.Errorf("status %d, listens: %v, stderr\n%s", status, s.listens, &stderr)
	}
}

// When the cable is pulled out the program ends, too.
func TestCablePulledOut(t *testing.T) {
	var did, stderr bytes.Buffer
	cable, other := socketCable(t)
	p, s := newProgram(&did)
	go func() {
		<-s.announced
		other.Close()
	}()
	ended := make(chan int, 1)
	go func() { ended <- p.Run([]string{"-q", "-tap", cable}, io.Discard, &stderr) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("it goes on for a minute")
	}
}

// wrongFlags are command lines that cannot be meant, one argument between two blanks, and
// what the error has to say beside the names of the flags.
var wrongFlags = map[string]string{
	"-nonsense":                            "not defined",
	"-ip":                                  "needs an argument",
	"-q now":                               `unexpected argument "now"`,
	"-q=perhaps":                           "invalid boolean",
	"-tap ":                                "no name for a device",
	"-tap sixteen-letters.":                "1 to 15 characters",
	"-tap a/b":                             "no name for a device",
	"-tap ..":                              "no name for a device",
	"-tap a\tb":                            "no name for a device",
	"-tap fd:":                             "number of a descriptor",
	"-tap fd:-1":                           "number of a descriptor",
	"-tap fd:x":                            "number of a descriptor",
	"-tap fd:999":                          "descriptor 999 is not open",
	"-tap fd:0":                            "no datagram or seqpacket socket",
	"-host 10.0.0.1":                       "want an address and a prefix length",
	"-host 10.0.0.0/24":                    "first or last address",
	"-host 10.0.0.1/32":                    "not on the same link",
	"-host 10.0.0.4/24":                    "both 10.0.0.4",
	"-host 10.1.0.1/24":                    "-ip 10.0.0.4/24 are not on the same link",
	"-host 10.0.0.127/24 -ip 10.0.0.4/25":  "not on the same link",
	"-ip ":                                 "want an address and a prefix length",
	"-ip 10.0.0/24":                        "want an address and a prefix length",
	"-ip ::1/64":                           "want an address and a prefix length",
	"-ip 10.0.0.4/33":                      "want an address and a prefix length",
	"-ip 10.0.0.0/24":                      "first or last address",
	"-ip 10.0.0.255/24":                    "first or last address",
	"-ip 10.0.0.4/0":                       "cannot be a host's address",
	"-ip 10.0.0.4/32":                      "no other host",
	"-ip 10.0.0.4/31":                      "not on the same link",
	"-ip 10.0.1.4/24":                      "not on the same link",
	"-ip 0.0.0.0/8":                        "cannot be a host's address",
	"-ip 0.1.2.3/8":                        "cannot be a host's address",
	"-ip 127.0.0.1/8":                      "cannot be a host's address",
	"-ip 224.0.0.1/24":                     "cannot be a host's address",
	"-ip 255.255.255.255/24":               "cannot be a host's address",
	"-mac x":                               "want a MAC address",
	"-mac 02:00:00:00:00:00:00:04":         "want a MAC address",
	"-mac 00:00:00:00:00:00":               "all zeros",
	"-mac 01:00:5e:00:00:01":               "several cards",
	"-mac ff:ff:ff:ff:ff:ff":               "several cards",
	"-mtu 67":                              "from 68 to 65521",
	"-mtu 65522":                           "from 68 to 65521",
	"-mtu -1500":                           "from 68 to 65521",
	"-mtu 0x5dc":                           "from 68 to 65521",
	"-mtu big":                             "from 68 to 65521",
	"-mtu 99999999999999999999":            "from 68 to 65521",
	"-pcap ":                               "name of a file",
	"-pcap /":                              "this is a directory",
	"-resolve nobody":                      "want an IPv4 address",
	"-resolve ::1":                         "want an IPv4 address",
	"-resolve ":                            "want an IPv4 address",
	"-resolve 10.0.0.4":                    "not another host on our link 10.0.0.0/24",
	"-resolve 10.0.0.255":                  "not another host on our link",
	"-resolve 10.0.1.1":                    "not another host on our link",
	"-resolve 10.0.0.1 -resolve 10.0.0.2":  "given before",
	"-ip 10.0.0.4/24 -ip 10.0.0.4/24":      "given before",
	"-loss 5":                              "percentage from 0% to 100%",
	"-loss 101%":                           "percentage",
	"-loss -1%":                            "percentage",
	"-loss NaN":                            "percentage",
	"-loss ":                               "percentage",
	"-loss 5% -loss 1%":                    "given before",
	"-duplicate 1":                         "percentage",
	"-reorder 1":                           "percentage",
	"-corrupt x":                           "percentage",
	"-delay -1s":                           "time from 0s to 1h",
	"-delay 2h":                            "time from 0s to 1h",
	"-jitter 5":                            "time from 0s to 1h",
	"-rate 0":                              "speed from 1bit",
	"-rate fast":                           "speed from 1bit",
	"-seed -1":                             "number from 0",
	"-drop 0:ARP":                          "N from 1 on",
	"-drop x:":                             "N from 1 on",
	"-drop x":                              "N from 1 on",
	"-drop 1 -drop 1:":                     "N from 1 on",
	"-gateway ":                            "want an IPv4 address",
	"-gateway x":                           "want an IPv4 address",
	"-gateway ::1":                         "want an IPv4 address",
	"-gateway 10.0.1.1":                    "not another host on our link 10.0.0.0/24",
	"-gateway 10.0.0.4":                    "not another host on our link",
	"-gateway 10.0.0.255":                  "not another host on our link",
	"-ping nobody":                         "want an IPv4 address",
	"-ping 10.0.0.0":                       "not a single host's address",
	"-ping 10.0.0.255":                     "not a single host's address",
	"-ping 255.255.255.255":                "not a single host's address",
	"-ping 224.0.0.1":                      "not a single host's address",
	"-ping 127.0.0.1":                      "not a single host's address",
	"-ping 0.0.0.0":                        "not a single host's address",
	"-ping 10.0.0.1 -ping 10.0.0.2":        "given before",
	"-count 0 -ping 10.0.0.1":              "from 1 to 65535",
	"-count 3":                             "-ping",
	"-resolve 10.0.0.1 -ping 10.0.0.1":     "-ping: only one",
	"-listen 0":                            "from 1 to 65535",
	"-listen 65536":                        "from 1 to 65535",
	"-listen http":                         "from 1 to 65535",
	"-dial 10.0.0.1":                       "want an IPv4 address and a port",
	"-dial 10.0.0.1:0":                     "want an IPv4 address and a port",
	"-dial 10.0.0.1:65536":                 "want an IPv4 address and a port",
	"-dial [::1]:80":                       "want an IPv4 address and a port",
	"-dial :80":                            "want an IPv4 address and a port",
	"-dial 10.0.0.255:80":                  "not a single host's address", // RFC 9293 3.9.2.3, MUST-46
	"-dial 224.0.0.1:80":                   "not a single host's address",
	"-dial 10.0.0.1:80 -ping 10.0.0.1":     "-ping",
	"-count 3 -dial 10.0.0.1:80":           "-ping only",
	"-dial 10.0.0.1:80 -listen 80":         "-listen: only one",
	"-resolve 10.0.0.1 -listen 80":         "-listen: only one",
	"-get 10.0.0.1":                        "want a URL",
	"-get ftp://10.0.0.1/":                 "want a URL",
	"-get http://":                         "want a URL",
	"-get http://:80/":                     "want a URL",
	"-get http:///x":                       "want a URL",
	"-get http://10.0.0.1:0/":              "want an IPv4 address and a port",
	"-get http://10.0.0.1:65536/":          "want an IPv4 address and a port",
	"-get http://[::1]/":                   "want an IPv4 address and a port",
	"-get http://www.example..com/":        "want an IPv4 address and a port",
	"-get http://www.example.com:0/":       "from 1 to 65535",
	"-get http://10.0.0.255/":              "not a single host's address",
	"-nc 10.0.0.1":                         "want a host and a port",
	"-nc example.test":                     "want a host and a port",
	"-nc example.test:0":                   "from 1 to 65535",
	"-nc example.test:http":                "from 1 to 65535",
	"-nc 10.0.0.256:80":                    "want an IPv4 address and a port",
	"-nc -x.test:80":                       "want an IPv4 address and a port",
	"-nc [::1]:80":                         "want an IPv4 address and a port",
	"-dns x":                               "want an IPv4 address",
	"-dns 10.0.0.255":                      "not a single host's address",
	"-socks 1080":                          "want an IPv4 address and a port",
	"-socks localhost:1080":                "want an IPv4 address and a port",
	"-socks 127.0.0.1:1080 -ping 10.0.0.1": "-socks: only one",
	"-nc 10.0.0.1:0":                       "want an IPv4 address and a port",
	"-nc 224.0.0.1:7":                      "not a single host's address",
	"-get http://10.0.0.1/ -ping 10.0.0.1": "-ping",
	"-get http://10.0.0.1/ -nc 10.0.0.1:7": "-nc: only one",
	"-nc 10.0.0.1:7 -listen 80":            "-listen: only one",
}

// A wrong flag gives one line that names it, and status 2; nothing is opened.
func TestWrongFlags(t *testing.T) {
	for line, want := range wrongFlags {
		var did, stdout, stderr bytes.Buffer
		p, _ := newProgram(&did)
		status := p.Run(strings.Split(line, " "), &stdout, &stderr)
		text := stderr.String()
		if status != 2 || strings.Count(text, "\n") != 1 || !strings.Contains(text, want) || stdout.Len()+did.Len() > 0 {
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
	"-ping 192.0.2.7 -count 65535", "-ping 10.0.0.4", "-host  -gateway 10.0.0.254",
	"-listen 65535", "-dial 192.0.2.7:80", "-dial 10.0.0.4:80",
	"-get http://10.0.0.1", "-get https://www.example.com.:8443/", "-nc xn--bcher-kva.example:7", "-socks 127.0.0.1:1080 -listen 80", "-dns 192.0.2.53", "-get HTTP://10.0.0.1:8080/a?b#c", "-listen 7",
}

func TestGoodFlags(t *testing.T) {
	for _, line := range goodFlags {
		p, _ := newProgram(nil)
		if _, err := p.parse("part", strings.Split(line, " "), io.Discard); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	p, _ := newProgram(nil)
	opt, err := p.parse("part", nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if opt.tap != "tap0" || opt.Host.String() != "10.0.0.1/24" || opt.IP.String() != "10.0.0.4/24" || opt.Gateway.String() != "10.0.0.1" ||
		opt.MAC != [6]byte{2, 0, 0, 0, 0, 4} || opt.MTU != 1500 || opt.quiet || opt.pcap != "" || opt.faults.Any() || p.asked() != nil {
		t.Errorf("defaults are %+v", opt)
	}
}

// namesFlag matches what an error says of the flag that is wrong.
var namesFlag = regexp.MustCompile(`^-[a-z]+|for flag -|for -|flag needs an argument: -|not defined: -|bad flag syntax: -|unexpected argument "|help requested`)

// FuzzFlags gives the program any command line. It is refused with one line that says
// why; or the two ends of the cable can talk to each other, and what the addresses print
// is what they are read from.
func FuzzFlags(f *testing.F) {
	for _, line := range []string{
		"", "-ip 10.0.0.4/24 -host 10.0.0.1/24 -mac 02:00:00:00:00:04 -mtu 1500", "-host  -resolve 10.0.0.1", "-ip 10.0.0.4/31 -host 10.0.0.5/31",
		"-loss 5% -reorder 1% -duplicate 0.1% -corrupt 100% -delay 20ms -jitter 5ms -rate 10mbit -seed 7", "-drop 1:ARP -drop 2", "-drop x", "-rate 0.5bit",
		"-tap fd:3 -q -pcap x.pcap", "-gateway 10.0.0.1 -ping 10.0.0.1 -count 3", "-listen 80 -dial 10.0.0.1:80 -nc 10.0.0.1:7", "-get http://10.0.0.1/", "-h", "-count 1", "-ping 10.0.0.1 -ping 10.0.0.2", "-mac 00:00:00:00:00:00 -tap fd:9",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, _ := newProgram(nil)
		opt, err := p.parse("part", strings.Split(line, " "), io.Discard)
		if err != nil {
			if text := err.Error(); text == "" || strings.Contains(text, "\n") && !strings.Contains(line, "\n") && !errors.Is(err, flag.ErrHelp) {
				t.Errorf("%q: the error is %q, want one line", line, text)
			} else if !namesFlag.MatchString(text) {
				t.Errorf("%q: the error %q names no flag", line, text)
			}
			return
		}
		if opt.MTU < minMTU || opt.MTU > maxMTU || !opt.IP.Addr().Is4() || opt.MAC[0]&1 == 1 || opt.MAC == [6]byte{} {
			t.Errorf("%q: %+v", line, opt)
		}
		if opt.Host.IsValid() && (!isNeighbour(opt.IP, opt.Host.Addr()) || !isNeighbour(opt.Host, opt.IP.Addr())) {
			t.Errorf("%q: -host %v and -ip %v are no neighbours", line, opt.Host, opt.IP)
		}
		if again, err := parsePrefix(opt.IP.String(), false); err != nil || again != opt.IP {
			t.Errorf("%q: %v is read as %v (%v)", line, opt.IP, again, err)
		}
		if again, err := parseMAC(net.HardwareAddr(opt.MAC[:]).String()); err != nil || again != opt.MAC {
			t.Errorf("%q: %v is read as %v (%v)", line, opt.MAC, again, err)
		}
	})
}
