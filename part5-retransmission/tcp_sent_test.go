package main

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
				l.add(sentSegment{seq: next, end: end})
				next = end
			case op == 2:
				l.drop()
			case op == 3:
				l.removeLast()
				if live = l.live(); len(live) > 0 {
					next = live[len(live)-1].end
				}
			case op == 4:
				if sent := &live[dice.IntN(len(live))]; !sent.sacked {
					l.sack(sent)
				}
			case op == 5:
				l.lose(&live[dice.IntN(len(live))])
			case op == 6:
				i := dice.IntN(len(live))
				l.again(i, live[i].end, time.Duration(step))
			case op == 7:
				if i := dice.IntN(len(live)); live[i].len() > 1 {
					l.split(i, 1+dice.IntN(live[i].len()-1))
				}
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
	flight, sacked, lost := 0, 0, 0
	live := l.live()
	for i, sent := range live {
		switch {
		case sent.sacked && sent.lost:
			t.Fatalf("%+v is sacked and lost", sent)
		case sent.sacked:
			sacked++
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
	if flight != l.flight || sacked != l.sacked || lost != l.lost {
		t.Fatalf("flight %d, sacked %d, lost %d, want %d, %d, %d", l.flight, l.sacked, l.lost, flight, sacked, lost)
	}
}
