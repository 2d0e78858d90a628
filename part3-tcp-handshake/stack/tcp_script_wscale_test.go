package stack

import "testing"

// The window is scaled if both SYNs say so, and only then may the second one say it
// (RFC 7323 2.2). "If a Window Scale option is received with a shift.cnt value larger
// than 14, the TCP [...] MUST use 14" (2.3). A window in a SYN is never scaled.
func TestScriptWindowScale(t *testing.T) {
	for _, c := range []struct {
		options string // of the peer's SYN
		shift   uint8  // what comes of it
		scaled  bool
	}{
		{"<mss 1460,nop,wscale 0>", 0, true},
		{"<mss 1460,nop,wscale 7>", 7, true},
		{"<wscale 14,eol>", 14, true},
		{"<wscale 15,eol>", 14, true},
		{"<wscale 255,eol>", 14, true},
		{"<mss 1460>", 0, false},
		{"<>", 0, false},
		{"<raw 0302>", 0, false},
		{"<raw 03040101>", 0, false},
		{"<raw 01010303>", 0, false},
	} {
		ours := "<mss 1460,nop,wscale 7,...>"
		if !c.scaled {
			ours = "<mss 1460>"
		}
		passive := `
			+0 < S 0:0(0) win 50000 OPTIONS
			+0 > S. 0:0(0) ack 1 ` + ours + `
			+0 < . 1:1(0) ack 1 win 100`
		active := `
			+0 do! dial
			+0 > S 0:0(0) <mss 1460,nop,wscale 7,...>
			+0 < S. 0:0(0) ack 1 win 50000 OPTIONS
			+0 > . 1:1(0) ack 1
			+0 done dial`
		t.Run(c.options, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Play(replace(passive, c.options))
				b.wantScale(c.shift, c.scaled, 100<<c.shift)
			})
			onBench(t, func(b *bench) {
				b.Play(replace(active, c.options))
				b.wantScale(c.shift, c.scaled, 50000)
			})
			onBench(t, func(b *bench) {
				b.Play(replace(active, c.options) + "\n+0 < . 1:1(0) ack 1 win 100")
				b.wantScale(c.shift, c.scaled, 100<<c.shift)
			})
		})
	}
}

// wantScale checks the shifts of both directions, and SND.WND.
func (b *bench) wantScale(shift uint8, scaled bool, wnd int) {
	b.Helper()
	our := uint8(0)
	if scaled {
		our = ourWindowShift
	}
	b.do(func() {
		c := b.conn(8000)
		if c.snd.shift != shift || c.rcv.shift != our || c.snd.wnd != wnd {
			b.Errorf("Snd.Wind.Shift %d, Rcv.Wind.Shift %d, SND.WND %d; want %d, %d, %d",
				c.snd.shift, c.rcv.shift, c.snd.wnd, shift, our, wnd)
		}
	})
}
