package stack

import "testing"

// checkTCP checks what must hold of all connections and listeners.
func (s *Stack) checkTCP(t *testing.T) {
	half := make(map[*Conn]bool)
	for port, l := range s.tcp.listeners {
		if l.port != port || l.closed {
			t.Errorf("the listener of port %d is in the table at %d, closed: %v", l.port, port, l.closed)
		}
		s.checkListener(t, l)
		for _, c := range l.halfOpen {
			half[c] = true
		}
	}
	for key, c := range s.tcp.conns {
		s.checkConn(t, key, c)
		if half[c] != (c.listener != nil && c.state == stateSynReceived) {
			t.Errorf("%v is in %s, and among the half open: %v", key, c.state, half[c])
		}
	}
	s.checkOpen(t)
	s.checkLoss(t)
	if s.closed && len(s.tcp.conns)+len(s.tcp.listeners)+s.tcp.open.Len() > 0 {
		t.Errorf("the stack is closed, and has %d connections, %d listeners", len(s.tcp.conns), len(s.tcp.listeners))
	}
}

// checkOpen checks the list of those that count for maxConns.
func (s *Stack) checkOpen(t *testing.T) {
	if n := s.tcp.open.Len(); n > maxConns {
		t.Errorf("%d connections are open, at most %d", n, maxConns)
	}
	open := make(map[*Conn]bool)
	for e := s.tcp.open.Front(); e != nil; e = e.Next() {
		c := e.Value.(*Conn)
		if s.tcp.conns[c.key] != c || open[c] {
			t.Errorf("%v counts as open, and is not in the table, or twice", c.key)
		}
		open[c] = true
	}
	for key, c := range s.tcp.conns {
		if passive := c.listener != nil && c.state == stateSynReceived; open[c] == passive {
			t.Errorf("%v is in %s, and counts as open: %v", key, c.state, open[c])
		}
	}
}

func (s *Stack) checkConn(t *testing.T, key connKey, c *Conn) {
	if c.key != key || c.s != s || c.err != nil {
		t.Errorf("%v (%v) is in the table with the error %v", key, c.key, c.err)
	}
	if c.state == stateListen || c.state == stateClosed {
		t.Errorf("%v is in the table in %s", key, c.state)
	}
	snd, rcv := &c.snd, &c.rcv
	opening := c.state == stateSynSent || c.state == stateSynReceived
	if !snd.una.leq(snd.nxt) || opening != (snd.una == snd.iss) || opening && snd.nxt != snd.iss+1 {
		t.Errorf("%v is in %s: ISS %d, SND.UNA %d, SND.NXT %d", key, c.state, snd.iss, snd.una, snd.nxt)
	}
	if !opening && !snd.wl2.leq(snd.nxt) {
		t.Errorf("%v: SND.WL2 %d, SND.NXT %d", key, snd.wl2, snd.nxt)
	}
	if c.state == stateSynReceived && rcv.nxt != rcv.irs+1 {
		t.Errorf("%v is in %s: IRS %d, RCV.NXT %d", key, c.state, rcv.irs, rcv.nxt)
	}
	if snd.wnd < 0 || snd.wnd > snd.maxWnd || snd.maxWnd > 0xffff<<maxWindowShift || rcv.wnd < 0 {
		t.Errorf("%v: SND.WND %d, MAX.SND.WND %d, RCV.WND %d", key, snd.wnd, snd.maxWnd, rcv.wnd)
	}
	if snd.shift > maxWindowShift || c.state != stateSynSent && !c.scaling && snd.shift+rcv.shift > 0 {
		t.Errorf("%v: shifts %d and %d, scaling %v", key, snd.shift, rcv.shift, c.scaling)
	}
	for kind, count := range c.challenged {
		if count.n > challengeLimit {
			t.Errorf("%v: %d challenge ACKs of kind %d", key, count.n, kind)
		}
	}
}

func (s *Stack) checkListener(t *testing.T, l *Listener) {
	if len(l.halfOpen) > maxBacklog || len(l.ready) > maxBacklog {
		t.Errorf("port %d: %d half open, %d ready, at most %d each", l.port, len(l.halfOpen), len(l.ready), maxBacklog)
	}
	for i, c := range l.halfOpen {
		if s.tcp.conns[c.key] != c || c.listener != l || c.began.IsZero() {
			t.Errorf("%v is half open, and not in the table, or of another listener", c.key)
		}
		if i > 0 && c.began.Before(l.halfOpen[i-1].began) {
			t.Errorf("the half open are not in their order")
		}
	}
	ready := make(map[*Conn]bool)
	for _, c := range l.ready {
		if s.tcp.conns[c.key] != c || c.listener != l || c.state == stateSynReceived || ready[c] {
			t.Errorf("%v, in %s, is ready to be accepted, and should not be", c.key, c.state)
		}
		ready[c] = true
	}
}
