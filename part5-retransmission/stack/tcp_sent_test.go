package stack

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The scoreboard's sums are those of its segments, whatever happens to them in whatever
// order, also behind the wrap of the numbers.
func TestSentListSums(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var l sentList
		next := seqNum(0xffff0000)
		for step := range 300 {
			live := l.live()
			switch op := dice.IntN(9); {
			case op <= 1 || len(live) == 0:
				end := next.add(1 + dice.IntN(1000))
				l.add(sentSegment{seq: next, end: end, at: time.Duration(step)})
				next = end
			case op == 2:
				l.drop()
			case op == 3:
				if last := live[len(live)-1]; !last.sacked {
					l.removeLast()
					next = last.seq
				}
			case op == 4:
				i := dice.IntN(len(live))
				end := live[dice.IntN(len(live)-i)+i].end
				for j := l.nextUnsacked(i, end); j < len(live) && live[j].end.leq(end); j = l.nextUnsacked(j, end) {
					l.sack(j)
				}
				l.nextUnsacked(i, end)
			case op == 5:
				l.lose(dice.IntN(len(live)))
			case op == 6:
				if i := dice.IntN(len(live)); i == 0 || !live[i].sacked {
					l.again(i, live[i].end, time.Duration(step))
				}
			case op == 7:
				if i := dice.IntN(len(live)); live[i].len() > 1 && !live[i].sacked {
					l.split(i, 1+dice.IntN(live[i].len()-1))
				}
			case op == 8 && dice.IntN(20) == 0:
				l.loseOld(time.Duration(dice.IntN(step + 1)))
			case live[0].len() > 1:
				l.trim(live[0].seq + 1)
			}
			l.check(t)
		}
	}
}

// check compares the sums with the segments, which have to follow each other.
func (l *sentList) check(t *testing.T) {
	t.Helper()
	flight, sacked, there, lost := 0, 0, 0, 0
	live := l.live()
	for i, sent := range live {
		switch {
		case sent.sacked && sent.lost:
			t.Fatalf("%+v is sacked and lost", sent)
		case sent.sacked:
			sacked++
			there += sent.len()
		case sent.lost:
			lost++
		default:
			flight += sent.len()
		}
		if sent.len() <= 0 || i > 0 && live[i-1].end != sent.seq {
			t.Fatalf("%+v is segment %d behind %+v", sent, i, live[max(0, i-1)])
		}
		if l.find(sent.seq) != i || l.find(sent.end-1) != i {
			t.Fatalf("%d and %d are in segment %d and %d, want %d", sent.seq, sent.end-1, l.find(sent.seq), l.find(sent.end-1), i)
		}
	}
	l.checkOrder(t)
	if flight != l.flight || sacked != l.sacked || there != l.there || lost != l.lost {
		t.Fatalf("flight %d, sacked %d of %d bytes, lost %d, want %d, %d, %d, %d", l.flight, l.sacked, l.there, l.lost, flight, sacked, there, lost)
	}
}

// checkOrder checks that all that are on their way are in the order of sending, those that
// were overtaken first; that runs of sacked ones are such; and that the search for what is
// lost finds it.
func (l *sentList) checkOrder(t *testing.T) {
	t.Helper()
	live, flying, last := l.live(), 0, 0
	first := len(live)
	for i, sent := range live {
		if !sent.sacked && !sent.lost {
			flying++
		}
		if sent.lost {
			first = min(first, i)
		}
		for j := i; j < i+int(sent.run); j++ {
			if !live[j].sacked {
				t.Fatalf("%+v is sacked, it says, and the %d behind it; %+v is not", sent, sent.run-1, live[j])
			}
		}
		if sent.sacked != (sent.run > 0) {
			t.Fatalf("a run of %d from %+v on", sent.run, sent)
		}
	}
	for place := l.order.oldest; place != 0; place = l.behind(place) {
		sent := l.at(place)
		if sent.sacked || sent.lost || l.before(place) != last || last != 0 && sent.at < l.at(last).at {
			t.Fatalf("%+v was sent behind %d, and before it %d", sent, last, l.before(place))
		}
		last, flying = place, flying-1
	}
	if flying != 0 || last != l.order.newest {
		t.Fatalf("%d too few are in the order of sending; the newest is %d, want %d", flying, l.order.newest, last)
	}
	if got := l.nextLost(0); got != first {
		t.Fatalf("the first that is lost is %d, want %d", got, first)
	}
}
