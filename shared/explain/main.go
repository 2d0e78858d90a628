// Command explain prints a capture frame by frame, as the parts' trace does, and with -v field by field, with what each
// one means: by the parts' own parsers.
//
//	go run ./shared/explain FILE.pcap
//	go run ./shared/explain -v -frame 3 FILE.pcapng
//	go run ./shared/explain -frame 3 -bytes 14:34 FILE.pcap
package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"framebyframe/part5-retransmission/stack"
	"framebyframe/shared/pcap"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program. It returns the exit status: 1 if the capture cannot be read to its end, 2 for a wrong command
// line.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./shared/explain [-v] [-frame N [-bytes FROM:TO]] FILE    (pcap or pcapng; - is standard input)")
		flags.PrintDefaults()
	}
	verbose := flags.Bool("v", false, "print each field: its bytes, its name, its value, and what that means")
	only := flags.Int("frame", 0, "print frame `N` alone, the first being 1")
	var part byteRange
	flags.Var(&part, "bytes", "print the bytes `FROM:TO` of the frame, TO not included, and what they mean")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1 || *only < 0 || part.to > 0 && *only == 0:
		flags.Usage()
		return 2
	}
	in := stdin
	if name := flags.Arg(0); name != "-" {
		file, err := os.Open(name)
		if err != nil {
			fmt.Fprintf(stderr, "explain: %v\n", err)
			return 1
		}
		defer file.Close()
		in = file
	}
	out := bufio.NewWriter(stdout)
	err := explain(in, out, *verbose, *only, part)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintf(stderr, "explain: %s: %v\n", flags.Arg(0), err)
		return 1
	}
	return 0
}

// explain prints what a capture has: all frames, or the one with a number, or a part of that.
func explain(in io.Reader, out io.Writer, verbose bool, only int, part byteRange) error {
	capture, err := pcap.NewReader(in)
	if err != nil {
		return err
	}
	host := stack.New(nil, stack.Config{Rand: rand.Reader}) // which remembers where connections began
	for n := 1; ; n++ {
		f, err := capture.Next()
		switch {
		case err == io.EOF && only >= n:
			return fmt.Errorf("there are only %d frames", n-1)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		said := host.Describe(f.Bytes) // also of a frame that is not printed: later ones are told beside it
		if only > 0 && only != n {
			continue
		}
		if part.to > 0 {
			return part.print(out, f.Bytes)
		}
		if err := printFrame(out, n, f, said, verbose); err != nil || only == n {
			return err
		}
	}
}

// printFrame prints one frame, of which the trace would have said so much.
func printFrame(out io.Writer, n int, f pcap.Frame, said string, verbose bool) error {
	at := "" // some captures have no times
	if !f.Time.IsZero() {
		at = f.Time.UTC().Format("15:04:05.000000 ")
	}
	if f.Link != pcap.LinkEthernet {
		_, err := fmt.Fprintf(out, "%d %slink type %d: only Ethernet's, %d, is explained\n", n, at, f.Link, pcap.LinkEthernet)
		return err
	}
	cut := ""
	if f.Length > len(f.Bytes) {
		cut = fmt.Sprintf(" (the capture kept %d bytes of %d)", len(f.Bytes), f.Length)
	}
	if _, err := fmt.Fprintf(out, "%d %s%s%s\n", n, at, said, cut); err != nil || !verbose {
		return err
	}
	layer := ""
	for _, field := range stack.Fields(f.Bytes) {
		if field.Layer != layer {
			layer = field.Layer
			fmt.Fprintf(out, "  %s\n", layer)
		}
		line := fmt.Sprintf("    %-9s %-24s %-20s %s", place(field), field.Name, field.Value, field.Meaning)
		if field.Wrong != "" {
			line = strings.TrimRight(line, " ") + "  WRONG: " + field.Wrong
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// place says which bytes of a frame a field has, counted from 0, or which bits of a byte, counted from the highest.
func place(f stack.Field) string {
	switch last := f.Offset + f.Length - 1; {
	case f.Bits != 8*f.Length && f.Length == 1 && f.Bits == 1:
		return fmt.Sprintf("%d.%d", f.Offset, f.Bit)
	case f.Bits != 8*f.Length:
		end := f.Bit + f.Bits - 1
		if f.Length == 1 {
			return fmt.Sprintf("%d.%d-%d", f.Offset, f.Bit, end)
		}
		return fmt.Sprintf("%d.%d-%d.%d", f.Offset, f.Bit, last, end%8)
	case f.Length == 1:
		return fmt.Sprint(f.Offset)
	default:
		return fmt.Sprintf("%d-%d", f.Offset, last)
	}
}
