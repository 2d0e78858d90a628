//go:build linux

package main

import (
	"fmt"
	"time"
)

// A measure is something that is done with a peer, and the rows of the tables that come of it.
type measure struct {
	id    string
	rows  []row
	flags []string // of the peer, besides those that all have
	run   func(*trial) (values, error)
}

// values are what one run of a measure came to, by the rows' names.
type values map[string]float64

// A trial is one run of a measure: a fresh peer in a fresh network.
type trial struct {
	net     *network
	peer    *process
	d       time.Duration
	after   []func() // run when the peer has ended
	dropped string   // why a connection broke that had begun, or ""
}

const (
	secSpeed    = "Speed"
	secMany     = "Many connections"
	secLossHead = "Goodput with losses"
)

// measures returns all of them, in the order of the tables.
func measures() []measure {
	list := []measure{
		{"bulk/receive", []row{
			{"bulk/receive/rate", secSpeed, "one connection, the peer receives", "Mbit/s", false},
			{"bulk/receive/cpu", secSpeed, "CPU time of receiving", "s/GB", true},
		}, nil, bulkReceive},
		{"bulk/send", []row{
			{"bulk/send/rate", secSpeed, "one connection, the peer sends", "Mbit/s", false},
			{"bulk/send/cpu", secSpeed, "CPU time of sending", "s/GB", true},
		}, nil, bulkSend},
		{"rr", []row{
			{"rr/rate", secSpeed, "64 bytes there and back", "1/s", false},
			{"rr/p50", secSpeed, "... median", "µs", true},
			{"rr/p99", secSpeed, "... 99th percentile", "µs", true},
		}, nil, requestResponse},
		{"connect", []row{{"connect/rate", secSpeed, "connections opened, used and closed", "1/s", false}}, nil, connections},
		{"ping", []row{{"ping/p50", secSpeed, "ping, 56 bytes, median", "µs", true}}, nil, ping},
		{"memory", []row{{"memory/conn", secMany, "memory of an idle connection (of 1,000)", "KiB", true}}, nil, idleMemory},
	}
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		list = append(list, open(n))
	}
	for _, n := range []int{10, 100, 1000} {
		list = append(list, parallelReceive(n))
	}
	list = append(list, parallelSend(1000))
	for _, delay := range []int{0, 20} {
		for _, way := range []string{"receive/cubic", "receive/bbr", "send"} {
			for _, percent := range lossRates {
				list = append(list, lossy(way, percent, delay))
			}
		}
	}
	return list
}

// lossRates are the shares of the frames that are lost, in each direction.
var lossRates = []string{"0", "0.1", "1", "5", "10", "25"}

// lossSection is the heading of a table of losses.
func lossSection(way string, delay int) string {
	what := map[string]string{
		"receive/cubic": "the peer receives from the kernel's CUBIC",
		"receive/bbr":   "the peer receives from the kernel's BBR",
		"send":          "the peer sends",
	}[way]
	return fmt.Sprintf("%s: %s, %d ms in each direction", secLossHead, what, delay)
}

// lossy is a transfer on a cable that loses frames.
func lossy(way, percent string, delay int) measure {
	id := fmt.Sprintf("loss/%s/%dms/%s%%", way, delay, percent)
	m := measure{
		id:   id,
		rows: []row{{id + "/rate", lossSection(way, delay), percent + " % lost", "Mbit/s", false}},
	}
	if percent != "0" {
		m.flags = append(m.flags, "-loss", percent+"%")
	}
	if delay != 0 {
		m.flags = append(m.flags, "-delay", fmt.Sprintf("%dms", delay))
	}
	m.run = func(t *trial) (values, error) {
		var got transfer
		var err error
		switch way {
		case "send":
			got, err = t.fromPeer()
		case "receive/bbr":
			got, err = t.toPeer("bbr")
		default:
			got, err = t.toPeer("cubic")
		}
		return values{id + "/rate": got.mbit()}, err
	}
	return m
}
