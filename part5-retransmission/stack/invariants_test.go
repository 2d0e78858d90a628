package stack

import "testing"

// checkInvariants checks what must hold whenever the lock is free, whatever came
// from the cable.
func (s *Stack) checkInvariants(t *testing.T) {
	s.checkARP(t)
	s.checkIPv4(t)
	s.checkTCP(t)
	if n := len(s.freePackets); n > maxFreePackets {
		t.Errorf("%d free buffers", n)
	}
	if n := len(s.dropped); n > 100 {
		t.Errorf("%d reasons for dropping: a peer can make new ones", n)
	}
	free := make(map[*packet]bool)
	for _, p := range s.freePackets {
		if free[p] {
			t.Error("a buffer was given back twice: it will have two owners")
		}
		free[p] = true
	}
}

func (s *Stack) checkARP(t *testing.T) {
	asking, waiting := 0, 0
	for ip, n := range s.arp.neighbours {
		waiting += len(n.waiting)
		switch n.state {
		case neighbourIncomplete:
			asking++
		case neighbourReachable, neighbourProbe:
			if n.mac.isGroup() || n.mac.isZero() || n.mac == s.mac {
				t.Errorf("%v is at %v, which is no neighbour's card", ip, n.mac)
			}
			if len(n.waiting) > 0 {
				t.Errorf("%d packets wait for %v, which is %s", len(n.waiting), ip, n.state)
			}
		default:
			t.Errorf("%v is in the table as %s", ip, n.state)
		}
		if n.ip != ip || !isNeighbour(s.ip, ip) {
			t.Errorf("%v (%v) is in the table and no neighbour", ip, n.ip)
		}
		if n.timer.due.IsZero() {
			t.Errorf("%v has no timer running and would stay for ever", ip)
		}
	}
	if asking != s.arp.asking || asking > arpMaxAsked {
		t.Errorf("%d neighbours are asked, counted %d, at most %d", asking, s.arp.asking, arpMaxAsked)
	}
	if known := len(s.arp.neighbours) - asking; known > arpMaxKnown {
		t.Errorf("%d neighbours are known, at most %d", known, arpMaxKnown)
	}
	if waiting != s.arp.waiting || waiting > arpMaxWaitingAll {
		t.Errorf("%d packets wait, counted %d, at most %d", waiting, s.arp.waiting, arpMaxWaitingAll)
	}
}
