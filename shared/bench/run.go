//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// trialLimit is how much longer than its time of measuring a trial may take. Then the peer is killed.
const trialLimit = 100 * time.Second

// measureAll runs the rounds and writes the results.
func measureAll(opt options) error {
	moreFiles()
	res := &results{Machine: describeMachine(), Rounds: opt.rounds, Seconds: opt.seconds}
	if opt.from != "" {
		if err := res.load(opt.from); err != nil {
			return err
		}
	}
	if opt.rounds > 0 {
		res.measured(opt)
		if err := res.runAll(opt); err != nil {
			return err
		}
	}
	res.derive()
	text := res.page(opt.peers)
	if opt.tables == "" {
		fmt.Print(text)
	}
	if err := res.save(opt.json); err != nil {
		return err
	}
	if opt.tables != "" {
		if err := fill(opt.tables, "tables", text); err != nil {
			return err
		}
	}
	if opt.plot == "" {
		return nil
	}
	return os.WriteFile(opt.plot, []byte(res.plot(opt.peers)), 0o644)
}

// moreFiles allows this process, and the peers that it starts, as many descriptors as 10,000 connections need.
func moreFiles() {
	want := syscall.Rlimit{Cur: 65536, Max: 65536}
	var is syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &is) == nil && is.Max > want.Max {
		want.Max = is.Max
	}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want) != nil { // only root may raise the hard limit
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: is.Max, Max: is.Max})
	}
}

// runAll runs what -only and -peers say, round by round.
func (res *results) runAll(opt options) error {
	var list []measure
	for _, m := range measures() {
		if opt.only.MatchString(m.id) {
			list = append(list, m)
		}
	}
	began := time.Now()
	for round := 1; round <= opt.rounds; round++ {
		for _, m := range list {
			for _, p := range opt.peers {
				for _, v := range p.ways() {
					took := int(time.Since(began).Seconds())
					fmt.Fprintf(os.Stderr, "%4d:%02d  round %d  %-30s %-14s ", took/60, took%60, round, m.id, strings.TrimSpace(p.title+" "+v.mark))
					got, dropped, err := runTrial(m, p, v, round, opt.duration())
					fmt.Fprintln(os.Stderr, res.add(m, p, v, round, opt.seconds, got, dropped, err))
				}
			}
		}
		if err := res.save(opt.json); err != nil { // whoever interrupts the next round has this one
			return err
		}
	}
	if opt.only.MatchString(inProcess) {
		res.benchmarks(opt.rounds)
	}
	return nil
}

// runTrial runs a measure once.
func runTrial(m measure, p peer, v variant, round int, d time.Duration) (got values, dropped string, err error) {
	n, err := newNetwork()
	if err != nil {
		return nil, "", err
	}
	defer n.close()
	args := []string{"-tap", "tap0", "-ip", peerIP.String(), "-host", hostIP.String(), "-q"}
	args = append(args, strings.Fields(p.flags)...)
	args = append(args, strings.Fields(v.flags)...)
	if len(m.flags) > 0 {
		args = append(append(args, m.flags...), "-seed", fmt.Sprint(round))
	}
	process, err := start(n, filepath.Join(os.Getenv(programsEnv), p.name), args)
	if err != nil {
		return nil, "", err
	}
	n.patientARP()
	t := &trial{net: n, peer: process, d: d}
	watchdog := time.AfterFunc(d+trialLimit, process.stop)
	runtime.GC() // what was before is not to be collected now
	got, err = m.run(t)
	ended := process.alive()
	watchdog.Stop()
	process.stop()
	for _, f := range t.after {
		f()
	}
	if ended != nil {
		return nil, "", ended // the reason for all other errors
	}
	return got, t.dropped, err
}
