//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
)

// becomeUser runs a command as an ordinary user, with the mode of /dev/net/tun in $TUN, whatever it is on this machine. Its
// own mount namespace keeps this to itself.
const becomeUser = `
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
mknod "$1/tun" c 10 200
chmod "$TUN" "$1/tun"
mount --bind "$1/tun" /dev/net/tun
shift
cd /
exec setpriv --reuid 12345 --regid 12345 --clear-groups "$@"
`

// asUser is what the user does in the lab. Each tool here failed at least once in some other arrangement of namespaces:
// tcpdump where the user is number 0, nmap without NMAP_PRIVILEGED, ip netns without a /run of one's own.
const asUser = `
echo "uid $(id -u) gid $(id -g)"
arping -I tap0 -C1 -c1 -W60 10.0.0.4
echo "arping $?"
while arping -q -I tap0 -C1 -c1 -W60 10.0.0.4; do sleep 0.2; done & # until tcpdump has seen it
timeout 100 tcpdump -l -n -i tap0 -c 2 arp
echo "tcpdump $?"
kill $!
nmap -n -sn 10.0.0.4
echo "nmap $?"
ip netns add another && ip netns list
echo "netns $?"
`

// TestOrdinaryUser goes the way of a user who is not root: a user namespace around all. Run by root, it becomes one.
func TestOrdinaryUser(t *testing.T) {
	needTool(t, "arping", "tcpdump", "nmap", "ip", "timeout", "sh", "id")
	command := []string{labProgram(t), part1Program(t), "-q", "--", "sh", "-c", asUser}
	uid := "12345"
	if os.Geteuid() == 0 {
		needTool(t, "unshare", "setpriv", "mknod", "mount")
		command = append(userWith(t, "666"), command...)
	} else {
		uid = strings.TrimSpace(runProgram(t, "id", "-u").out)
	}
	got := runProgram(t, command[0], command[1:]...)
	if strings.Contains(got.errOut, "system refuses a private network") {
		t.Skipf("NOT TESTED: %s", got.errOut)
	}
	got.expect(t, 0, "uid "+uid+" gid ", "arping 0", "tcpdump 0", "nmap 0", "netns 0",
		"bytes from 02:00:00:00:00:04", "Reply 10.0.0.4 is-at 02:00:00:00:00:04", "MAC Address: 02:00:00:00:00:04", "another\n")
}

// TestOrdinaryUserWithoutTun lets a user into the lab who may not open /dev/net/tun.
func TestOrdinaryUserWithoutTun(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can become a user for whom /dev/net/tun is closed")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	needTool(t, "unshare", "setpriv", "mknod", "mount")
	command := append(userWith(t, "600"), labProgram(t), part1Program(t), "--", "true")
	runProgram(t, command[0], command[1:]...).expect(t, 1, "sudo chmod 666 /dev/net/tun")
}

// userWith is the beginning of a command line that becomeUser runs. It skips the test where root may not do all that.
func userWith(t *testing.T, mode string) []string {
	t.Helper()
	empty, err := os.MkdirTemp(scratch, "dev")
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"env", "TUN=" + mode, "unshare", "-m", "sh", "-c", becomeUser, "sh", empty}
	if got := runProgram(t, command[0], append(command[1:len(command):len(command)], "true")...); got.status != 0 {
		t.Skipf("NOT TESTED: this root may not become a user with a /dev/net/tun of his own: %s", got.errOut)
	}
	return command
}
