package browser

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	shots = flag.String("shots", "", "leave pictures of the page in `DIR`")
	long  = flag.Bool("long", false, "click at random for ten minutes")
)

// What all tests share: the page's files, a server for them, and one browser.
var (
	dir     string
	server  *httptest.Server
	browser context.Context
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	program := chromium()
	if program == "" {
		fmt.Println("SKIP: no Chromium is installed (Debian: apt install chromium): the page is NOT TESTED")
		return 0
	}
	var err error
	if dir, err = os.MkdirTemp("", "page"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "run", "./shared/page", "-o", dir)
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("go run ./shared/page: %v\n%s", err, out)
		return 1
	}
	server = httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.Flag("allow-file-access-from-files", false))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	all, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var end context.CancelFunc
	browser, end = chromedp.NewContext(all)
	defer end()
	if err := chromedp.Do(browser); err != nil {
		fmt.Printf("%s does not start: %v\n", program, err)
		return 1
	}
	return m.Run()
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// A page is one tab of the browser. What it writes to its console as an error fails the test.
type page struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string
}

// open opens the page in a tab of its own and waits until it is ready.
func open(t *testing.T, url string, width, height int64, dark bool) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 12*time.Minute)
	t.Cleanup(stop)
	p := &page{T: t, ctx: ctx}
	p.do() // so that there is a tab to listen to
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range p.errors {
			t.Errorf("on the console: %s", e)
		}
	})
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("body.ready")))
	return p
}

func (p *page) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			p.errors = append(p.errors, fmt.Sprintf("%+v", e.Args[0]))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.errors = append(p.errors, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// eval returns what an expression gives.
func eval[T any](p *page, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// click clicks what a selector finds, as a mouse does.
func (p *page) click(selector string) {
	p.Helper()
	ctx, stop := context.WithTimeout(p.ctx, 10*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		p.shot("failed")
		p.Fatalf("clicking %s: %v", selector, err)
	}
}

func (p *page) key(keys string) {
	p.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// said is the line that tells what has happened.
func (p *page) said() string { return eval[string](p, `document.getElementById("say").textContent`) }

// shot leaves a picture, if that is wanted.
func (p *page) shot(name string) {
	p.Helper()
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
		p.Fatal(err)
	}
}

// at returns the address of the page with an experiment.
func at(query string) string { return server.URL + "/#" + query }

func has(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%q, want %q", text, want)
	}
}
