package stack

import "testing"

func (s *Stack) checkIPv4(t *testing.T) {
	if n := len(s.ipv4.reassemblies); n > maxReassemblies {
		t.Errorf("%d reassemblies, at most %d", n, maxReassemblies)
	}
	for key, r := range s.ipv4.reassemblies {
		if r.key != key || r.timer.due.IsZero() {
			t.Errorf("%v has no timer running and would stay for ever", key)
		}
		if len(r.data) > ipv4MaxLen || r.total > len(r.data) && !r.dead || r.count(0, maxFragmentUnits-1) != r.units {
			t.Errorf("%v: %d bytes, total %d, %d units", key, len(r.data), r.total, r.units)
		}
		if r.dead && r.data != nil {
			t.Errorf("%v is dead and keeps its data", key)
		}
		if r.complete() && !r.dead {
			t.Errorf("%v is complete and still there", key)
		}
	}
	s.checkLoop(t)
	if s.icmp.errors.used > icmpBurst {
		t.Errorf("%d ICMP errors at once", s.icmp.errors.used)
	}
}
