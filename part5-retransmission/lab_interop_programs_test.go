//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// needRoot skips a test whose programs change their user, which an ordinary user's lab,
// where there is but one, does not let them do.
func needRoot(t *testing.T, program string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("SKIP: %s changes its user, which only root can", program)
	}
}

// withPrograms runs the same commands over a good cable and, with -long, over a bad one.
// Each gets the relay's flags, and returns what is to be said of it in a row.
func withPrograms(t *testing.T, row suite.Row, try func(t *testing.T, flags string) (tried, outcome string)) {
	t.Helper()
	for _, flags := range []string{"", mishaps} {
		if flags != "" && !*suite.Long {
			continue
		}
		tried, outcome := try(t, flags)
		if row.Tried != "" {
			row.Tried, row.Outcome = row.Tried+". Again: ", row.Outcome+". Again: "
		}
		row.Tried += tried + withFlags(flags)
		row.Outcome += outcome
	}
	row.Report(t)
}

// sshSession is what is done with ssh to an address, given further options: a file there
// and a file back, and then so many lines to and fro one by one, as one types.
func sshSession(name, options string, lines int) string {
	return fmt.Sprintf(`
		ssh %[1]s 'cat >/run/copy' </run/file; cmp /run/copy /run/file && echo "%[2]s: there"; rm -f /run/copy
		ssh %[1]s 'cat /run/file' | cmp - /run/file && echo "%[2]s: back"
		rm -f in out; mkfifo in out
		ssh %[1]s 'while read x; do echo "got $x"; done' <in >out & exec 3>in 4<out
		i=0; while [ $i -lt %[3]d ]; do echo $i >&3; read answer <&4; [ "$answer" = "got $i" ] || break; i=$((i+1)); done
		exec 3>&- 4<&-; wait $!; echo "%[2]s: typed $i"
		`, options, name, lines)
}

// OpenSSH's client and server, first with our stack under the server, then under the
// client; and git over that.
//
// Can: carry `ssh` and `git`
func TestLabInteropSSH(t *testing.T) {
	t.Parallel()
	needRoot(t, "sshd")
	lines, size := 100, 1_000_000
	if *suite.Long {
		lines, size = 500, 10_000_000
	}
	withPrograms(t, suite.Row{Area: "interoperation", What: "OpenSSH and git"}, func(t *testing.T, flags string) (tried, outcome string) {
		dir := t.TempDir()
		server, client := filepath.Join(dir, "server"), filepath.Join(dir, "client")
		const proxy = "-o 'ProxyCommand=sh /run/proxy' 10.0.2.1"
		toProxy := fmt.Sprintf(`cat >/run/proxy <<'end'
			while ip link show tap2 >/dev/null 2>&1; do sleep 0.02; done # ssh does not wait for the one before
			exec %s/part -q -tap tap2 -host 10.0.2.1/24 -ip 10.0.2.4/24 -pcap %s %s -nc 10.0.2.1:22
end
			`, suite.LabDir, client, flags)
		r := suite.Lab(t, "ssh /usr/sbin/sshd ss git ip mount", []string{"-q"}, suite.Shell(suite.StartSSH+startRelay(t, "-pcap "+server+" "+flags)+fmt.Sprintf("head -c %d /dev/urandom >/run/file\n", size)+
			toProxy+sshSession("server", "10.0.1.4", lines)+sshSession("client", proxy, lines)+`
			export HOME=/run GIT_SSH_COMMAND='ssh -F /run/ssh/client' GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
			mkdir /run/repo; cd /run/repo; git init -q; cp ../file .; git add file; git commit -qm one
			git clone -q ssh://10.0.1.4/run/repo /run/clone && cmp /run/clone/file /run/file && echo cloned`+untilClosed+`
			kill $relay $sshd; wait $relay $sshd`)...)
		r.Want(t, 0, "server: there", "server: back", fmt.Sprintf("server: typed %d\n", lines),
			"client: there", "client: back", fmt.Sprintf("client: typed %d\n", lines), "cloned")
		opinion := newOpinion(flags, resetOpinion) // of sshd's that are passed on, and since all clients have one address
		opinion.read(t, server)
		opinion.read(t, client)
		return fmt.Sprintf("%d bytes each way and %d lines to and fro, with us under the server, and then under the client; a git clone", size, lines),
			fmt.Sprintf("all the same bytes; %v", opinion)
	})
}

// nginx behind our connections, and curl before them: 50 pages at a time, and ranges.
//
// Can: carry what nginx serves to `curl`
func TestLabInteropNginx(t *testing.T) {
	t.Parallel()
	needRoot(t, "nginx")
	withPrograms(t, suite.Row{Area: "interoperation", What: "nginx and curl --parallel", Source: "RFC 9110 14"}, func(t *testing.T, flags string) (tried, outcome string) {
		file := filepath.Join(t.TempDir(), "pcap")
		const pages = 50
		r := suite.Lab(t, "curl ss /usr/sbin/nginx", []string{"-q"}, suite.Shell(fmt.Sprintf(`
			mkdir -p /run/www /run/got; cd /run; chmod 755 /run www
			i=1; while [ $i -le %d ]; do head -c $((i*i*100+i)) /dev/urandom >www/$i; i=$((i+1)); done; head -c 3000000 /dev/urandom >www/big
			echo 'daemon off; pid /run/nginx.pid; error_log /run/error.log; events {}
				http { access_log off; client_body_temp_path /run/b; proxy_temp_path /run/p; fastcgi_temp_path /run/f; uwsgi_temp_path /run/u; scgi_temp_path /run/s;
				server { listen 127.0.0.1:80; root /run/www; } }' >nginx.conf
			`, pages)+suite.StartServer("/usr/sbin/nginx -e /run/error.log -c /run/nginx.conf", "80")+startRelay(t, "-pcap "+file+" "+flags)+fmt.Sprintf(`
			curl -s --max-time 250 --parallel --parallel-immediate --parallel-max 50 'http://10.0.1.4/[1-%d]' -o 'got/#1' && echo "curl is content"
			for i in got/*; do cmp $i www/${i#got/} || echo differs; done; echo "pages: $(ls got | wc -l)"
			curl -s --max-time 250 -r 1000000-1999999 http://10.0.1.4/big >part; tail -c +1000001 www/big | head -c 1000000 | cmp - part && echo "the range is right"
			curl -s --max-time 250 -r 0-9,-10 http://10.0.1.4/big | grep -aic '^Content-range: bytes' | sed 's/^/ranges: /'
			curl -s --max-time 250 -C 500000 http://10.0.1.4/big >rest; tail -c +500001 www/big | cmp - rest && echo "the rest is right"`+untilClosed+`
			kill $relay $server; wait $relay $server`, pages))...)
		r.Want(t, 0, "curl is content", fmt.Sprintf("pages: %d\n", pages), "the range is right", "ranges: 2\n", "the rest is right")
		if strings.Contains(r.Stdout, "differs") {
			t.Errorf("pages differ:\n%s", r.Stdout)
		}
		opinion := newOpinion(flags)
		opinion.read(t, file)
		ports := map[layers.TCPPort]bool{}
		eachSegment(t, file, func(_ layers.IPv4, tcp layers.TCP) { ports[tcp.DstPort] = true })
		return fmt.Sprintf("%d pages at once; ranges; a download resumed", pages),
			fmt.Sprintf("all the same bytes, over %d connections; %v", len(ports)-1, opinion) // one port is nginx's
	})
}

// redis, which answers many small requests in a row, and 50 clients at once.
//
// Can: carry redis for 50 clients at once
func TestLabInteropRedis(t *testing.T) {
	t.Parallel()
	commands, pings := 10_000, 2_000
	if *suite.Long {
		commands, pings = 100_000, 50_000
	}
	withPrograms(t, suite.Row{Area: "interoperation", What: "redis"}, func(t *testing.T, flags string) (tried, outcome string) {
		file := filepath.Join(t.TempDir(), "pcap")
		if flags != "" {
			pings /= 10 // each waits for an answer, and for what is lost before it
		}
		r := suite.Lab(t, "redis-server redis-cli redis-benchmark ss awk", []string{"-q"}, suite.Shell("cd /run\n"+
			suite.StartServer("redis-server --bind 127.0.0.1 --port 6379 --save '' --appendonly no --dir /run >/run/redis.log", "6379")+startRelay(t, "-pcap "+file+" "+flags)+fmt.Sprintf(`
			redis() { timeout 250 redis-cli -h 10.0.1.4 "$@"; }
			awk 'BEGIN { for (i = 0; i < %d; i++) printf "SET key:%%d value-of-%%d\r\n", i, i }' | redis --pipe
			echo "keys: $(redis dbsize)"; redis get key:4321
			head -c 700000 /dev/urandom | od -An -v -tx1 >value; redis -x set big <value; redis --raw get big | head -c $(stat -c %%s value) | cmp - value && echo "the value is right"
			timeout 250 redis-benchmark -h 10.0.1.4 -t ping_inline,ping_mbulk -n %d -c 50 --csv`+untilClosed+`
			kill $relay $server; wait $relay $server`, commands, pings))...)
		r.Want(t, 0, fmt.Sprintf("errors: 0, replies: %d\n", commands), fmt.Sprintf("keys: %d\n", commands), "value-of-4321\n", "the value is right", `"PING_INLINE",`, `"PING_MBULK",`)
		opinion := newOpinion(flags)
		opinion.read(t, file)
		return fmt.Sprintf("%d commands through --pipe, a value of 2 MB, %d pings of 50 clients", commands, 2*pings),
			fmt.Sprintf("no error, all values the same; %v", opinion)
	})
}

// nmap finds out what the services are (-sV): all of them with -long, since it waits long
// for what echo and the web server never say first, and else the one that speaks at once.
func TestLabInteropServices(t *testing.T) {
	t.Parallel()
	wants := []string{`19/tcp +open +chargen`}
	if *suite.Long {
		wants = append(wants, `7/tcp +open +echo`, `13/tcp +open +daytime`, `80/tcp +open +http +Golang net/http server`, `81/tcp +closed`)
	}
	var ports []string
	for _, want := range wants {
		port, _, _ := strings.Cut(want, "/")
		ports = append(ports, port)
	}
	file := filepath.Join(t.TempDir(), "pcap")
	r := suite.Lab(t, "nmap", []string{"-q", "-pcap", file}, "nmap", "-n", "-sV", "-p", strings.Join(ports, ","), "10.0.0.4")
	r.Want(t, 0)
	for _, want := range wants {
		if !regexp.MustCompile("(?m)^" + want).MatchString(r.Stdout) {
			t.Errorf("nmap -sV: no line %q in\n%s", want, r.Stdout)
		}
	}
	opinion := newOpinion("", resetOpinion) // of a port where nobody listens
	opinion.read(t, file)
	suite.Row{Area: "interoperation", What: "nmap -sV", Tried: "ports " + strings.Join(ports, ", "),
		Outcome: fmt.Sprintf("all found to be what they are; %v", opinion)}.Report(t)
}
