package stack

import "testing"

// Data come in, up to the application and with the ACK that goes out.
func init() {
	journeys["data"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.meet()
			p := b.NewPeer(accepted)
			defer p.Close()
			read := make(chan int, 1)
			go func() {
				n, _ := b.kept().Read(make([]byte, 1000))
				read <- n
			}()
			b.leg("A segment with 100 bytes comes in, and the application waits for them", func() {
				p.Play("+0 < P. 1:101(100) ack 1 win 1000")
			}, "buffer.writeAt", "Conn.answer", "buffer.readAt")
			if n := <-read; n != 100 {
				t.Errorf("the application has read %d bytes", n)
			}
			b.leg("The time of the delayed ACK is over", func() { p.Play("+0~+.5 > . 1:1(0) ack 101") })
		})
	}
}

// The application writes.
func init() {
	journeys["write"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.playLegs(accepted, tcpLeg{"The application writes 100 bytes", `
					+0 do write 100 = 100
					+0 > P. 1:101(100) ack 1`, []string{"buffer.writeAt", "buffer.readAt"}})
		})
	}
}
