package suite

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/script"
	"framebyframe/shared/suite/outside"
	"framebyframe/shared/suite/scripts"
)

// playFile plays all scripts of a file that fit the part.
func playFile(t *testing.T, k *kind, f *scripts.File) {
	var fit []*scripts.Script
	for _, s := range f.Scripts {
		if s.Fits(k.part) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return
	}
	t.Run(f.Name, func(t *testing.T) {
		for _, s := range fit {
			t.Run(s.Name, func(t *testing.T) { playScript(t, k, s) })
		}
	})
}

// playScript plays a script, with each of its initial sequence numbers.
func playScript(t *testing.T, k *kind, s *scripts.Script) {
	cfg := Ours()
	cfg.NoSACK = s.Keys["stack"] == "no-sack"
	if name := s.Keys["go"]; name != "" && outside.Played[name] != nil {
		onBench(t, k, cfg, func(b *Bench) {
			b.listen(s.Keys["service"])
			cfg := b.Script
			cfg.DF, cfg.Outside = script.DFAny, outsideRules(s)
			p := script.NewPeer(reporter{t, s, initial{}}, cfg)
			defer p.Close()
			outside.Played[name](reporter{t, s, initial{}}, p)
		})
		return
	} else if name != "" {
		f := played[name]
		if f == nil {
			t.Fatalf("%s: there is no function %q", s.Where(0), name)
		}
		onBench(t, k, cfg, f)
		return
	}
	pairs, err := numbersOf(s)
	if err != nil {
		t.Fatalf("%s: %v", s.Where(0), err)
	}
	for _, iss := range pairs {
		onBench(t, k, cfg, func(b *Bench) { b.play(s, iss) })
	}
}

// initial are initial sequence numbers, where a script wants certain ones.
type initial struct{ ours, peers *uint32 }

func (i initial) String() string {
	text := ""
	if i.ours != nil {
		text += fmt.Sprintf("ISS %#x ", *i.ours)
	}
	if i.peers != nil {
		text += fmt.Sprintf("IRS %#x ", *i.peers)
	}
	return text
}

// numbersOf are the initial sequence numbers with which to play a script.
func numbersOf(s *scripts.Script) (all []initial, err error) {
	ours, err := scripts.List(s.Keys["iss"])
	if err != nil {
		return nil, err
	}
	if s.Keys["peer-iss"] == "iss+1" {
		for _, our := range ours {
			peers := *our + 1
			all = append(all, initial{our, &peers})
		}
		return all, nil
	}
	peers, err := scripts.List(s.Keys["peer-iss"])
	if err != nil {
		return nil, err
	}
	for _, our := range ours {
		for _, peer := range peers {
			all = append(all, initial{our, peer})
		}
	}
	return all, nil
}

// play plays a script. If it dials, our port is learnt from our SYN.
func (b *Bench) play(s *scripts.Script, iss initial) {
	b.Helper()
	cfg := b.Script
	cfg.StackISS, cfg.NoARP, cfg.Where = iss.ours, s.Keys["peer"] == "no-arp", s.Where
	if iss.peers != nil {
		cfg.PeerISS = *iss.peers
	}
	if s.Keys["service"] != "" && s.Keys["outside"] != "" { // the service is all that it needs of the stack
		cfg.DF, cfg.Outside = script.DFAny, outsideRules(s)
	}
	text := s.TextFor(daytimeLen)
	dials := dials(text)
	if dials {
		cfg.StackPort = 0
	}
	if iss.ours != nil && !dials {
		b.kind.setISS(b.Host, netip.AddrPortFrom(PeerIP, 8000), 80, *iss.ours)
	}
	if d := s.Keys["deadline"]; d != "" {
		wait, err := time.ParseDuration(d)
		if err != nil {
			b.Fatal(err)
		}
		b.ctx, b.cancel = context.WithTimeout(b.ctx, wait)
		defer b.cancel()
	}
	b.listen(s.Keys["service"])
	script.Run(reporter{b.T, s, iss}, cfg, text, b.Calls(cfg.StackPort == 80, iss.ours))
}

// outsideRules are those for a script that is played with a service, as shared/grade plays it.
func outsideRules(s *scripts.Script) *script.Outside {
	return &script.Outside{
		Late: 400 * time.Millisecond, Again: s.From < 5 || s.Keys["again"] != "",
		AnyData: s.Keys["service"] == "chargen" || s.Keys["service"] == "daytime",
	}
}

func dials(text string) bool { return strings.Contains(text, "do! dial") }

// A Player is the peer of a test that goes on where a script ends.
type Player struct {
	*script.Peer
	b       *Bench
	passive bool
}

// NewPeer plays a script, which may be "@NAME" with a definition of common.txt, and returns the peer, for segments
// that no script has. Its user has to close it. If the script dials, our port is learnt from our SYN.
func (b *Bench) NewPeer(text string) *Player {
	b.Helper()
	text = b.expand(text)
	if dials(text) {
		b.Script.StackPort = 0
	}
	if b.l.Accept == nil {
		b.listen("")
	}
	p := &Player{script.NewPeer(b.T, b.Script), b, b.Script.StackPort == 80}
	p.Play(text)
	return p
}

// Play plays a script, as NewPeer does, and nothing after it.
func (b *Bench) Play(text string) {
	b.Helper()
	b.NewPeer(text).Close()
}

// Listen has scripts accept from a listener on port 80 that the test has made.
func (b *Bench) Listen(l Listener) { b.l, b.listening = l, true }

// Play goes on with a script.
func (p *Player) Play(text string) {
	p.b.Helper()
	p.Peer.Play(p.b.expand(text), p.b.Calls(p.passive, p.b.Script.StackISS))
}

// State is that of the connection, see Bench.State.
func (p *Player) State() string { return p.b.State(p.passive) }

// expand puts the definitions of common.txt in.
func (b *Bench) expand(text string) string {
	b.Helper()
	out, err := scripts.Expand(text)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// services are those that a script can have on port 80.
var services = map[string]func(net.Conn){
	"echo": apps.Echo, "discard": apps.Discard, "daytime": apps.Daytime, "chargen": apps.Chargen,
}

// daytimeLen is the length of what daytime sends: the time and the end of the line.
const daytimeLen = len(time.RFC1123) + len("\r\n")

// listen has a listener on port 80, or a service.
func (b *Bench) listen(service string) {
	b.Helper()
	var err error
	if b.l, err = b.kind.listen(b.Host, 80); err != nil {
		b.Fatal(err)
	}
	b.listening = true
	switch service {
	case "":
	default:
		serve := services[service]
		if serve == nil {
			b.Fatalf("there is no service %q", service)
		}
		if b.l.Net == nil { // part 3 has no programs
			return
		}
		go func() {
			for {
				c, err := b.l.Net.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					serve(c)
				}()
			}
		}()
	}
}

// reporter adds to a script's failure what the script is about: often it is the RFC's own sentence.
type reporter struct {
	*testing.T
	s   *scripts.Script
	iss initial
}

func (r reporter) Fatalf(format string, args ...any) {
	r.T.Helper()
	r.T.Fatalf("%v%s\n%s", r.iss, fmt.Sprintf(format, args...), r.s.About())
}
