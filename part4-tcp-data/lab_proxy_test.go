//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"framebyframe/shared/suite"
)

// startNames starts a name server that knows web.example.test.
const startNames = `dnsmasq --conf-file=/dev/null --keep-in-foreground --pid-file= --user= --no-resolv --no-hosts --listen-address=10.0.0.1 --bind-interfaces \
		--local=/test/ --address=/web.example.test/10.0.0.1 2>/run/dnsmasq.log & names=$!
	await 'ss -Hltn | grep -q "10.0.0.1:53 "'
	`

// Programs of other people have their connections on our stack: the server sees our address. Those that can be told of
// a proxy are, and proxychains4 deals with those that cannot. Names are resolved through our stack, too.
//
// Can: carry any program's connections: `go run ./shared/lab 4 on -- curl http://10.0.0.1:8000/`
func TestLabProxy(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss curl wget nc proxychains4 dnsmasq", []string{"on", "-q"}, suite.Shell(startNames+suite.StartServer(helper(t, "serve"), "8000")+`
		page() { name=$1; shift; "$@" >/run/page; echo "$name: status $?, $(wc -l </run/page) lines, $(head -n 1 /run/page | cut -d: -f1)"; }
		page http    curl -sS http://10.0.0.1:8000/
		page connect curl -sSp http://10.0.0.1:8000/
		page socks   curl -sS --proxy socks5h://127.0.0.1:1080 http://web.example.test:8000/
		page wget    wget -qO- http://web.example.test:8000/
		page chains  proxychains4 curl -sS --proxy '' http://web.example.test:8000/
		page none    curl -sS --noproxy '*' http://10.0.0.1:8000/
		curl -sS -o /dev/null -w 'no server: %{http_code}\n' http://10.0.0.1:8001/
		curl -sS http://nowhere.example.test.:8000/
		curl -sS --proxy socks5h://127.0.0.1:1080 http://10.0.0.1:8001/; echo "no server by SOCKS: $?"
		kill $server $names`)...)
	for _, by := range []string{"http", "connect", "socks", "wget", "chains"} {
		r.Want(t, 0, by+": status 0, 15201 lines, a page for 10.0.0.4\n")
	}
	r.Want(t, 0, "none: status 0, 15201 lines, a page for 10.0.0.1\n", "no server: 502\n", "lookup nowhere.example.test.", "no such host", "no server by SOCKS: 97\n")
}

// -get and -nc find hosts by their names, and say what is the matter if they do not.
//
// Can: find hosts by their names: `-get http://www.example.com/`, with `-dns`
func TestLabNames(t *testing.T) {
	t.Parallel()
	second := strings.ReplaceAll(suite.SecondPart("-q -dns 10.0.0.1 "), "\n", " ")
	suite.Lab(t, "ss dnsmasq", []string{"-q"}, suite.Shell(startNames+suite.StartServer(helper(t, "serve"), "8000")+
		second+`-get http://web.example.test:8000/ | head -n 1
		printf 'GET / HTTP/1.0\r\n\r\n' | `+second+`-nc web.example.test:8000 | head -n 1
		`+second+`-get http://nowhere.test/; echo "no such name: $?"
		kill $names; wait $names
		`+second+`-get http://web.example.test:8000/; echo "no server: $?"
		kill $server`)...).
		Want(t, 0, "a page for 10.0.1.4", "HTTP/1.0 200 OK", "lookup nowhere.test on 10.0.0.1:53: no such host", "no such name: 1\n",
			"the name server does not help", "connection refused", "no server: 1\n")
}

// A browser, with TLS to a server of its own: Chromium, and openssl behind our connections.
//
// Can: carry Chromium
func TestLabProxyBrowser(t *testing.T) {
	t.Parallel()
	r := suite.Lab(t, "ss chromium dnsmasq openssl", []string{"on", "-q"}, suite.Shell(startNames+suite.StartServer(helper(t, "serve"), "8000")+`
		export HOME=/run/home; mkdir -p $HOME/www; cd $HOME/www
		openssl req -x509 -newkey rsa:2048 -nodes -keyout ../key -out ../cert -days 2 -subj /CN=web.example.test 2>/dev/null
		echo '<p>a page by TLS</p>' >page.html
		openssl s_server -accept 10.0.0.1:4433 -cert ../cert -key ../key -WWW -quiet & tls=$!
		await 'ss -Hltn | grep -q :4433'
		browse() { timeout 200 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --user-data-dir=$HOME/profile \
			--disable-background-networking --ignore-certificate-errors --proxy-server=$1 --proxy-bypass-list='<-loopback>' --dump-dom $2 2>$HOME/errors || cat $HOME/errors; }
		browse socks5://127.0.0.1:1080 http://web.example.test:8000/ | grep -o 'a page for [0-9.]*'
		browse http://127.0.0.1:1080 https://web.example.test:4433/page.html | grep 'a page by'
		kill $server $names $tls`)...)
	r.Want(t, 0, "a page for 10.0.0.4\n", "a page by TLS")
}

// ssh and git by way of nc, as people have them pass a proxy.
func TestLabProxySSH(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIP: sshd changes its user, which only root can")
	}
	suite.Lab(t, "ssh /usr/sbin/sshd ss git nc ip mount", []string{"on", "-q"}, suite.Shell(suite.StartSSH+`
		cat >>client <<'end'
ProxyCommand nc -X 5 -x 127.0.0.1:1080 %h %p
end
		head -c 3000000 /dev/urandom >/run/file
		ssh 10.0.0.1 'echo "from ${SSH_CLIENT%% *}"; cat >/run/copy' </run/file; cmp /run/copy /run/file && echo there
		ssh 10.0.0.1 'cat /run/file' | cmp - /run/file && echo back
		export HOME=/run GIT_SSH_COMMAND='ssh -F /run/ssh/client' GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
		mkdir /run/repo; cd /run/repo; git init -q; cp ../file .; git add file; git commit -qm one
		git clone -q ssh://10.0.0.1/run/repo /run/clone && cmp /run/clone/file /run/file && echo cloned
		kill $sshd`)...).
		Want(t, 0, "from 10.0.0.4\n", "there\n", "back\n", "cloned\n")
}
