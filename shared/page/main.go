// Page shows two hosts on a cable in the browser: the very code of the five parts, with the time in the reader's hand.
//
//	go run ./shared/page          builds the page, serves it on this computer and prints its address
//	go run ./shared/page -o DIR   writes its files to DIR: open DIR/index.html, or put them on any web server
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"

	"framebyframe/shared/page/web"
)

func main() {
	out := flag.String("o", "", "write the files to `DIR` and end")
	port := flag.Int("port", 0, "serve on `PORT` (default: any that is free)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "page: what is %q? There are only the flags -o and -port\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *out != "" {
		if err = web.Write(ctx, *out); err == nil {
			fmt.Printf("open %s\n", filepath.Join(*out, "index.html"))
		}
	} else {
		err = serve(ctx, *port)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "page: %v\n", err)
		os.Exit(1)
	}
}

// serve builds the page and serves it on the loopback address until it is interrupted.
func serve(ctx context.Context, port int) error {
	dir, err := os.MkdirTemp("", "page")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(os.Stderr, "building the page ...")
	if err := web.Write(ctx, dir); err != nil {
		return err
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Printf("open http://%v/ in a browser; Ctrl-C ends this\n", l.Addr())
	server := &http.Server{Handler: http.FileServer(http.Dir(dir))}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
