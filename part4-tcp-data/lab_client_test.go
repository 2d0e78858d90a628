//go:build linux

package main

import (
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// -get fetches a page from a server on the kernel's sockets; an error of the server is
// ours.
//
// Can: fetch a page itself: `-get http://10.0.0.1:8000/`
func TestLabGet(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss", []string{"-q"}, suite.Shell(suite.StartServer(helper(t, "serve"), "8000")+
		suite.SecondPart("-q -get http://10.0.1.1:8000/ >/run/page")+`; echo "status $?"
		head -n 1 /run/page; wc -l </run/page
		`+suite.SecondPart("-q -get http://10.0.1.1:8000/nothing")+`; echo "status $?"
		`+suite.SecondPart("-q -get http://10.0.1.1:8001/")+`; echo "status $?"
		kill $server`)...)
	r.Want(t, 0, "status 0\na page for 10.0.1.4:", "\n15201\n", "404 page not found\nstatus 1\n",
		"the server says 404 Not Found", "connection refused")
	if !strings.HasSuffix(r.Stdout, "status 1\nstatus 1\n") {
		t.Errorf("the status of a refused connection, in\n%s", r.Stdout)
	}
}

// The same from a server in another network, behind the kernel, which forwards.
func TestLabGetRouted(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ip ss", []string{"-q"}, suite.Shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		ip netns exec far `+helper(t, "serve")+` & server=$!
		await 'ip netns exec far ss -Hltn | grep -q :8000'
		`+suite.SecondPart("-q -get http://192.0.2.7:8000/ >/run/page")+`; echo "status $?"
		head -n 1 /run/page; wc -l </run/page; kill $server`)...).
		Want(t, 0, "status 0\na page for 10.0.1.4:", "\n15201\n")
}

// What cannot be a page is refused at once, and names need a name server.
func TestLabGetHostName(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "", []string{"-q", "-get", "http://www.example.com/"}).Want(t, 1, "the name server does not help", "www.example.com")
	suite.Lab(t, "", []string{"-q", "-get", "ftp://10.0.0.1/"}).Want(t, 2, "want a URL, such as http://10.0.0.1/")
}

// -nc is nc on our own stack: what stdin has goes to the peer, and the other way round;
// the end of stdin closes our half, and the peer, who waits for that, still says something.
//
// Can: be `nc`, and close one half of a connection: `-nc 10.0.0.1:9999`
func TestLabNC(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss", []string{"-q"}, suite.Shell(suite.StartServer(helper(t, "answer"), "9999")+`
		{ await 'ss -Htn dst 10.0.1.4 | grep -q CLOSE-WAIT'; echo "the kernel is in CLOSE-WAIT"; touch /run/go; } & ss=$!
		echo question | `+suite.SecondPart("-nc 10.0.1.1:9999 2>/run/trace")+`; echo "status $?"
		wait $ss; cat /run/trace >&2; kill $server
		`+suite.SecondPart("-q -nc 10.0.1.1:9998 </dev/null")+`; echo "status $?"`)...)
	r.Want(t, 0, "the kernel is in CLOSE-WAIT\na late answer to question\nstatus 0\nstatus 1\n", "connection refused",
		": ESTABLISHED -> FIN-WAIT-1", ": FIN-WAIT-1 -> FIN-WAIT-2", ": FIN-WAIT-2 -> TIME-WAIT")
}

// The other way round: the peer closes first, and -nc is done, whatever stdin may still
// have to say.
func TestLabNCPeerClosesFirst(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc ss mkfifo", []string{"-q"}, suite.Shell(suite.StartServer(`echo bye | nc -lN 9999 >/dev/null`, "9999")+`
		mkfifo /run/quiet; exec 8<>/run/quiet
		`+suite.SecondPart("-nc 10.0.1.1:9999 <&8 2>/run/trace")+`; echo "status $?"
		cat /run/trace >&2`)...)
	r.Want(t, 0, "bye\nstatus 0\n", ": ESTABLISHED -> CLOSE-WAIT", ": CLOSE-WAIT -> LAST-ACK", ": LAST-ACK -> CLOSED")
}

// 20 MB with -nc through an echo server on the kernel's sockets: identical.
func TestLabNCData(t *testing.T) {
	t.Parallel()
	suite.Lab(t, "ss", []string{"-q"}, suite.Shell(makeFile+suite.StartServer(helper(t, "echo"), "9999")+`
		`+suite.SecondPart("-q -nc 10.0.1.1:9999 </run/file")+` | cmp - /run/file && echo identical
		kill $server`)...).Want(t, 0, "identical\n")
}

// When nobody takes what -nc prints, our window closes; it opens again, and nothing is
// lost (RFC 9293 3.8.6).
func TestLabNCSleepingReader(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss", []string{"-q"}, suite.Shell(`
		head -c 1000000 /dev/urandom >/run/file
		`+suite.StartServer(helper(t, "echo"), "9999")+`
		`+suite.SecondPart("-nc 10.0.1.1:9999 </run/file 2>/run/trace")+` | { `+suite.AwaitNoWindow("10.0.1.4")+`; cmp - /run/file && echo identical; }
		grep -F -- '-> IP' /run/trace >&2; kill $server`)...)
	r.Want(t, 0, "identical\n")
	wantWindows(t, r.Stderr, `-> IP 10\.0\.1\.4\.\d+ > 10\.0\.1\.1\.9999: .*, win (\d+),`)
}

// Nobody reads what -nc writes: a signal ends it all the same, within a second.
func TestLabNCStalledOutput(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "nc mkfifo ip ss", []string{"-q"}, suite.Shell(`
		mkfifo /run/full /run/quiet; exec 9<>/run/full 8<>/run/quiet
		`+suite.StartServer("nc -l -p 9000 </dev/zero >/dev/null 2>&1", "9000")+
		suite.Another("-nc 10.0.1.1:9000 >/run/full 9<&- </run/quiet 2>/run/trace")+suite.AwaitNoWindow("10.0.1.4")+suite.EndIt)...)
	r.Want(t, 0, "status 0")
	if took := r.TookMS(); took < 500 || took > suite.EndsSoon {
		t.Errorf("it ends %d ms after the signal, want a second", took)
	}
}
