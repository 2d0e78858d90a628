//go:build linux

package main

import (
	"sync"
	"syscall"
	"time"
)

// patience is how long a process may take to end when it was asked to, before it is killed.
const patience = 5 * time.Second

// A child is a process that the inner process started.
type child struct {
	pid    int
	exited chan struct{}      // closed when it has ended
	status syscall.WaitStatus // valid then
}

// children starts processes and collects the ones that ended. As process 1 of its namespace the inner process inherits
// every process there whose parent has ended, and must collect those too. One loop collects them all, so os/exec, which
// would wait for its own children, is not used here.
type children struct {
	mu    sync.Mutex
	known map[int]*child
	more  chan struct{} // holds a token after a start
}

func newChildren() *children {
	c := &children{known: make(map[int]*child), more: make(chan struct{}, 1)}
	go c.collect()
	return c
}

// start runs a program.
func (c *children) start(path string, argv []string, attr *syscall.ProcAttr) (*child, error) {
	c.mu.Lock() // a process that ends at once must be known before collect looks it up
	defer c.mu.Unlock()
	pid, err := syscall.ForkExec(path, argv, attr)
	if err != nil {
		return nil, err
	}
	started := &child{pid: pid, exited: make(chan struct{})}
	c.known[pid] = started
	select {
	case c.more <- struct{}{}:
	default:
	}
	return started, nil
}

// collect waits for processes that end, for as long as the lab lives.
func (c *children) collect() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.ECHILD: // there are none at the moment
			<-c.more
		case err == nil:
			c.mu.Lock()
			if ended := c.known[pid]; ended != nil {
				delete(c.known, pid)
				ended.status = status
				close(ended.exited)
			}
			c.mu.Unlock()
		}
	}
}

// signal sends a signal to a child that has not ended yet.
func (c *children) signal(to *child, s syscall.Signal) {
	c.mu.Lock() // the number of a process that was collected may belong to another one already
	defer c.mu.Unlock()
	if c.known[to.pid] == to {
		syscall.Kill(to.pid, s)
	}
}

// end asks a child to end, waits, and kills it if it does not. It reports whether asking was enough.
func (c *children) end(which *child, ask syscall.Signal) bool {
	c.signal(which, ask)
	c.signal(which, syscall.SIGCONT) // a stopped process would not hear it
	select {
	case <-which.exited:
		return true
	case <-time.After(patience):
		c.signal(which, syscall.SIGKILL)
		<-which.exited
		return false
	}
}
