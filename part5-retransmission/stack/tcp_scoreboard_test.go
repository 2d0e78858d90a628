package stack

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
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
	for place := l.order.oldest; place != 0; place = l.after(place) {
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

// sackPatterns are what a peer can tell, ACK by ACK, of n segments on their way, the first
// of which never arrives. Each returns the blocks of the ACK number k, as pairs of indices
// of segments.
var sackPatterns = map[string]func(k, n int, random *rand.Rand) [][2]int{
	"honest, in order": func(k, n int, _ *rand.Rand) [][2]int {
		return [][2]int{{1, 2 + k%(n-1)}}
	},
	"honest, every tenth is lost": func(k, n int, _ *rand.Rand) (blocks [][2]int) {
		for i := min(k, n-1) / 10; i >= 0 && len(blocks) < maxSACKBlocks; i-- {
			blocks = append(blocks, [2]int{10*i + 1, min(10*i+10, max(k, 10*i+2))})
		}
		return blocks
	},
	"the same four blocks of everything": func(_, n int, _ *rand.Rand) [][2]int {
		return [][2]int{{1, n - 1}, {2, n}, {1, n - 2}, {3, n}}
	},
	"another start and end each time": func(k, n int, _ *rand.Rand) (blocks [][2]int) {
		for j := range maxSACKBlocks {
			i := 1 + (maxSACKBlocks*k+j)%(n/2)
			blocks = append(blocks, [2]int{i, n - i/2})
		}
		return blocks
	},
	"every second one, the last first": func(k, n int, _ *rand.Rand) (blocks [][2]int) {
		for j := range maxSACKBlocks {
			i := n - 1 - 2*((maxSACKBlocks*k+j)%(n/2-1))
			blocks = append(blocks, [2]int{i, i + 1})
		}
		return blocks
	},
	"tiny ones anywhere": func(_, n int, random *rand.Rand) (blocks [][2]int) {
		for range maxSACKBlocks {
			i := 1 + random.IntN(n-1)
			blocks = append(blocks, [2]int{i, i + 1})
		}
		return blocks
	},
	"any": func(_, n int, random *rand.Rand) (blocks [][2]int) {
		for range maxSACKBlocks {
			i := 1 + random.IntN(n-1)
			blocks = append(blocks, [2]int{i, i + 1 + random.IntN(n-i)})
		}
		return blocks
	},
}

// sackBoard is a connection that has as many segments on their way as there may be.
type sackBoard struct {
	*steady
	una    seqNum
	random *rand.Rand
	acks   int
	sent   *countingDevice
}

// countingDevice counts what is written to it.
type countingDevice struct {
	nullDevice
	n int
}

func (d *countingDevice) Write(frame []byte) (int, error) {
	d.n++
	return len(frame), nil
}

func newSackBoard(tb testing.TB) *sackBoard {
	b := &sackBoard{steady: newSteadyOptions(tb), random: rand.New(rand.NewPCG(1, 2))}
	c := b.c
	b.sent = &countingDevice{}
	b.s.dev = b.sent
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	c.ts.on = false // or there would be no room for four blocks
	c.snd.mss = 1   // the segments are full-sized: an ACK that lets one go does not let 1448 go
	c.snd.wnd, c.snd.maxWnd, c.cc.cwnd = 1<<20, 1<<20, maxSentSegments
	c.snd.text.writeAt(0, make([]byte, maxSentSegments))
	for range maxSentSegments {
		c.sendText(c.snd.nxt, 1)
	}
	c.startTimer(timerRetransmit, time.Hour)
	c.rack.reordering = true // hence it is not all lost at once
	b.una = c.snd.una
	return b
}

// frames returns the next n ACKs of a pattern.
func (b *sackBoard) frames(pattern func(k, n int, random *rand.Rand) [][2]int, n int) (frames [][]byte) {
	for range n {
		var blocks []span
		for _, block := range pattern(b.acks, maxSentSegments, b.random) {
			blocks = append(blocks, span{b.una.add(block[0]), b.una.add(block[1])})
		}
		ack := segment{srcPort: 8000, dstPort: 80, seq: b.c.rcv.nxt, ack: b.una, flags: flagACK, wnd: 8000}
		ack.options = sackOption(blocks...)
		frames = append(frames, forge(peerIP, ack))
		b.acks++
	}
	return frames
}

// How many ACKs come, and what they say, is for the peer to decide. For each of them, and
// for each segment that we send, we look at a few segments, and not at all of the list
// (RFC 8985 6.2 recommends an order in which that is possible).
func TestSACKWork(t *testing.T) {
	for name, pattern := range sackPatterns {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSackBoard(t)
				defer b.s.Close()
				list := &b.c.sentSegments
				for range 128 {
					for _, frame := range b.frames(pattern, 64) {
						b.receive(frame)
					}
					time.Sleep(time.Millisecond)
				}
				b.s.mu.Lock()
				defer b.s.mu.Unlock()
				list.checkOrder(t)
				if len(list.live()) != maxSentSegments || list.sacked < 100 {
					t.Errorf("%d segments are on their way, %d are sacked", len(list.live()), list.sacked)
				}
				if list.visited > 16*b.acks+8*(list.sacked+b.sent.n) {
					t.Errorf("%d ACKs have us look at %d segments; %d are sacked, and %d were sent", b.acks, list.visited, list.sacked, b.sent.n)
				}
				t.Logf("%d ACKs, %d segments looked at; %d are sacked, %d were sent", b.acks, list.visited, list.sacked, b.sent.n)
			})
		})
	}
}

// BenchmarkSACK tells what an ACK with SACK blocks costs when 16,384 segments are on their
// way: in time, in segments looked at and in segments sent again.
func BenchmarkSACK(b *testing.B) {
	for name, pattern := range sackPatterns {
		b.Run(name, func(b *testing.B) {
			board := newSackBoard(b)
			list, acks, visited, sent := &board.c.sentSegments, 0, 0, 0
			for b.Loop() {
				b.StopTimer()
				if acks%maxSentSegments == 0 { // a new one, or there is nothing new any more
					visited += list.visited
					board = newSackBoard(b)
					list = &board.c.sentSegments
				}
				frames := board.frames(pattern, 1024)
				b.StartTimer()
				before := board.sent.n
				for _, frame := range frames {
					board.receive(frame)
				}
				sent += board.sent.n - before
				acks += len(frames)
			}
			if board.c.snd.una != board.una || len(board.s.dropped) > 0 {
				b.Fatal(board.s.dropped)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(acks), "ns/ACK")
			b.ReportMetric(float64(visited+list.visited)/float64(acks), "visits/ACK")
			b.ReportMetric(float64(sent)/float64(acks), "sent/ACK")
			b.ReportMetric(0, "ns/op")
		})
	}
}
