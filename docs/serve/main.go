//go:build linux

// A web server of net/http on the stack of part 5. It is tried in the lab's private network by
//
//	go build -o serve ./docs/serve
//	go run ./shared/lab ./serve -- curl -s http://10.0.0.4/
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/tap"
)

func main() {
	cable, err := tap.Open("tap0", 1500)
	if err == nil {
		err = cable.Configure(netip.MustParsePrefix("10.0.0.1/24"), 1500) // the kernel's end
	}
	if err != nil {
		log.Fatal(err)
	}
	s := stack.New(cable, stack.Config{
		MAC: stack.MAC{2, 0, 0, 0, 0, 4}, IP: netip.MustParsePrefix("10.0.0.4/24"), MTU: 1500, Rand: rand.Reader,
	})
	l, err := s.Listen(80)
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s\n", r.RemoteAddr)
	}))
	fmt.Fprintln(os.Stderr, "ready: http://10.0.0.4/")
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { s.Close() }) // the peers learn of it, and Run returns
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}
