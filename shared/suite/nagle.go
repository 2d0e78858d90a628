package suite

import (
	"io"
	"net"
	"testing"
	"time"
)

// ackDelay is how long a stack waits with an ACK for something to go with, like Linux at first.
const ackDelay = 40 * time.Millisecond

// A question of two bytes and an answer of one, a hundred times over. Written in one piece
// it costs a round trip. Written in two, its second half waits for the acknowledgment of
// the first, by the Nagle algorithm (RFC 9293 3.7.4), and that waits for an answer to go
// with (3.8.6.3), which does not come before the second half: 40 ms each time.
func testNagleMeetsDelayedACK(t *testing.T, k *kind) {
	const rounds = 100
	ask := func(what string, noDelay bool, parts ...string) (took time.Duration) {
		onPair(t, k, func(p *Pair) {
			server, client := p.Connect(80)
			if err := client.SetNoDelay(noDelay); err != nil {
				t.Fatal(err)
			}
			go answerQuestions(server)
			frames, began := p.frames(), time.Now()
			for range rounds {
				for _, part := range parts {
					if _, err := client.Write([]byte(part)); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			took = time.Since(began)
			t.Logf("%-22s  %3d frames  %5d ms", what, p.frames()-frames, took.Milliseconds())
			client.Close()
		})
		return took
	}
	t.Logf("%d questions and answers", rounds)
	if took := ask("one Write", false, "ab"); took >= ackDelay {
		t.Errorf("in one piece it took %v: there is nothing to wait for", took)
	}
	if took := ask("two Writes", false, "a", "b"); took < rounds*ackDelay {
		t.Errorf("in two pieces it took %v: less than %d delayed ACKs", took, rounds)
	}
	if took := ask("two Writes, NoDelay", true, "a", "b"); took >= ackDelay {
		t.Errorf("in two pieces without the Nagle algorithm it took %v", took)
	}
}

// answerQuestions answers every two bytes with one, until there are no more.
func answerQuestions(c net.Conn) {
	defer c.Close()
	question := make([]byte, 2)
	for {
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		if _, err := c.Write([]byte("!")); err != nil {
			return
		}
	}
}
