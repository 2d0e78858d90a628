//go:build exercise && linux

package main

import (
	"bytes"
	"io"
	"testing"

	"framebyframe/shared/suite"
)

// The exercise of docs/2-ipv4-icmp.md that gives the program a flag; the others are the stack's. Its test fails until it
// is done:
//
//	go test -tags exercise -run TestExercise2 ./part2-ipv4-icmp/...

// Exercise 2: -ttl says how far -ping's requests may go. The kernel is a router here: with
// -ttl 1 it is as far as they come.
func TestExercise2TTL(t *testing.T) {
	ping := func(ttl string) (status int, says string) {
		var stderr bytes.Buffer
		status = program().Run([]string{"-ping", "10.0.0.1", "-ttl", ttl, "-h"}, io.Discard, &stderr)
		return status, stderr.String()
	}
	if status, says := ping("1"); status != 0 {
		t.Fatalf("the program does not know the flag yet: with -ttl N, what it sends may go N hops\n%s", says)
	}
	for _, bad := range []string{"0", "256"} {
		if status, _ := ping(bad); status != 2 {
			t.Errorf("-ttl %s is taken", bad)
		}
	}
	r := suite.Lab(t, "ip", nil, suite.Shell(`
		ip netns add far
		ip link add near type veth peer name far0 netns far
		ip addr add 192.0.2.1/24 dev near; ip link set near up
		ip -n far addr add 192.0.2.7/24 dev far0; ip -n far link set far0 up
		ip -n far route add default via 192.0.2.1
		echo 1 > /proc/sys/net/ipv4/ip_forward
		for hops in 1 2; do
			`+suite.LabDir+`/part -q -tap tap1 -host 10.0.1.1/24 -ip 10.0.1.4/24 -ping 192.0.2.7 -count 1 -ttl $hops
		done; true`)...)
	r.Want(t, 0, "From 10.0.1.1 icmp_seq=1 time to live exceeded", "64 bytes from 192.0.2.7: icmp_seq=1 ttl=63")
}
