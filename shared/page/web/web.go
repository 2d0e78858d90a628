// Package web has the files of the page, and puts them together with the program for the browser.
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed files
var files embed.FS

// program is what Go builds for the browser.
const program = "framebyframe/shared/page/program"

// Write makes the page in the directory out, which may then be served by any web server, or opened from the disk. Go's
// own tool builds the program: it has to be there, and the current directory in this module.
func Write(ctx context.Context, out string) error {
	page, err := fs.Sub(files, "files")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	err = fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(page, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(out, name), b, 0o644)
	})
	if err != nil {
		return err
	}
	if err := writeGlue(ctx, out); err != nil {
		return err
	}
	return writeProgram(ctx, out)
}

// writeGlue copies the script by which a program reaches the browser. It belongs to the Go that builds the program.
func writeGlue(ctx context.Context, out string) error {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("this Go has no lib/wasm/wasm_exec.js (Debian: package golang-misc): %w", err)
	}
	return os.WriteFile(filepath.Join(out, "wasm_exec.js"), script, 0o644)
}

// writeProgram builds the program and writes it as a script: a page that was opened from the disk may load nothing else.
func writeProgram(ctx context.Context, out string) error {
	work, err := os.MkdirTemp("", "page")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "page.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, program)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the page's program: %w\n%s", err, said)
	}
	wasm, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	small, err := Compress(wasm)
	if err != nil {
		return err
	}
	script := fmt.Sprintf("\"use strict\";\n// The program, compressed by gzip, in base64.\nglobalThis.fbfProgram = %q;\n", base64.StdEncoding.EncodeToString(small))
	return os.WriteFile(filepath.Join(out, "program.js"), []byte(script), 0o644)
}

// Compress is gzip at its best.
func Compress(b []byte) ([]byte, error) {
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err = z.Close()
	return small.Bytes(), err
}
