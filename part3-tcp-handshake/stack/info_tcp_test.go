package stack

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

// A connection's variables are the RFC's, by their names.
func TestInfoTCP(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		l, err := b.s.Listen(80)
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		events := b.watch()
		b.segmentIn(segment{srcPort: 40000, dstPort: 80, seq: 1000, flags: flagSYN, wnd: 100, options: unhex("020405b4 03030200")})
		var c *Conn
		b.do(func() { c = l.halfOpen[0] })
		iss := c.Info().Snd.ISS
		if got := b.s.Info().Listeners; len(got) != 1 || got[0] != (ListenerInfo{Port: 80, HalfOpen: 1}) {
			b.Errorf("listeners %+v", got)
		}
		b.segmentIn(segment{srcPort: 40000, dstPort: 80, seq: 1001, ack: seqNum(iss + 1), flags: flagACK, wnd: 50})
		info := b.s.Info()
		if len(info.Listeners) != 1 || info.Listeners[0] != (ListenerInfo{Port: 80, Ready: 1}) || len(info.Connections) != 1 {
			b.Fatalf("%+v", info)
		}
		got := info.Connections[0]
		if got.Local.String() != "10.0.0.4:80" || got.Remote.String() != "10.0.0.1:40000" || got.State != "ESTABLISHED" {
			b.Errorf("%v in %s", got.ConnID, got.State)
		}
		snd := got.Snd
		if snd.UNA != iss+1 || snd.NXT != iss+1 || snd.WND != 200 || snd.WL1 != 1001 || snd.WL2 != iss+1 || snd.MaxWND != 200 || snd.Shift != 2 || snd.MSS != 1460 {
			b.Errorf("SND is %+v, ISS %d", snd, iss)
		}
		if rcv := got.Rcv; rcv.NXT != 1001 || rcv.IRS != 1000 || rcv.Shift != ourWindowShift {
			b.Errorf("RCV is %+v", rcv)
		}
		text, err := json.Marshal(info)
		if want := `"connections":[{"local":"10.0.0.4:80","remote":"10.0.0.1:40000","state":"ESTABLISHED",`; err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), `"snd":{"una":`) {
			b.Errorf("no %s in\n%s, %v", want, text, err)
		}
		want := []string{
			"TCP 10.0.0.4:80 - 10.0.0.1:40000: LISTEN -> SYN-RECEIVED",
			"TCP 10.0.0.4:80 - 10.0.0.1:40000: SYN-RECEIVED -> ESTABLISHED",
		}
		if got := strings.Join(events.Take(), "\n"); got != strings.Join(want, "\n") {
			b.Errorf("events\n%s", got)
		}
		c.Abort()
		seen := events.Take()
		if got := seen[len(seen)-1]; got != "TCP 10.0.0.4:80 - 10.0.0.1:40000: ESTABLISHED -> CLOSED ("+errAborted.Error()+")" {
			b.Errorf("the last event is %s", got)
		}
		if left := b.s.Info().Connections; len(left) != 0 {
			b.Errorf("after the end there are %v", left)
		}
	})
}

// segmentIn has a segment come from the peer.
func (b *bench) segmentIn(seg segment) {
	b.Helper()
	tcp := append(make([]byte, seg.headerLen()), seg.data...)
	seg.put(tcp, peerIP, ourIP)
	b.Send(ipv4Frame(ipv4From(peerIP, protocolTCP), tcp))
}

// Whoever waits for the lock while connections are counted gets it after a batch of them.
// With one processor, as in main, he is next as soon as it is let go, but for now and then:
// Go's scheduler takes turns among its queues.
func TestEachConnInSlices(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := New(nullDevice{}, quietConfig())
	const conns = 20 * maxBatch
	for port := range uint16(conns) {
		s.addConn(s.newConn(connKey{remote: peerIP.As4(), remotePort: port, localPort: 80}))
	}
	seen, longest, done := 0, 0, make(chan bool)
	go func() {
		defer close(done)
		for last := 0; last < conns; {
			s.mu.Lock()
			longest, last = max(longest, seen-last), seen
			s.mu.Unlock()
			runtime.Gosched()
		}
	}()
	eachConn(s, s.tcp.conns, func(*Conn) { seen++ })
	<-done
	if all := s.Info().Connections; len(all) != conns || all[0].Remote.Port() != 0 || all[conns-1].Remote.Port() != conns-1 {
		t.Errorf("Info has %d connections of %d", len(all), conns)
	}
	if seen != conns || longest > 4*maxBatch {
		t.Errorf("%d of %d connections seen, %d of them while another waited for the lock", seen, conns, longest)
	}
}
