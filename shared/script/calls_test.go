package script

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCalls(t *testing.T) {
	fail := func(err error) func(...string) (string, error) {
		return func(...string) (string, error) { return "", err }
	}
	wait := func(...string) (string, error) {
		time.Sleep(time.Second)
		return "", &wrapped{syscall.ECONNRESET}
	}
	calls := Calls{
		"echo":  func(args ...string) (string, error) { return strings.Join(args, " "), nil },
		"state": func(args ...string) (string, error) { return "ESTABLISHED", nil },
		"eof":   fail(io.EOF), "odd": fail(errors.New("odd thing")), "wait": wait,
		"never": func(...string) (string, error) { time.Sleep(5 * time.Minute); return "", nil },
	}
	scenes := map[string]scene{
		"results":       {text: "+0 do echo 1 2 = \"1 2\"\n+0 do echo\n+0 do eof = EOF\n+0 do odd = \"odd thing\""},
		"state":         {text: "+0 state ESTABLISHED\n+0 state 8000>80 ESTABLISHED"},
		"wrong state":   {text: "+0 state CLOSED", fails: []string{`returned "ESTABLISHED", want CLOSED`}},
		"wrong result":  {text: "+0 do echo 1 = 2", fails: []string{`echo 1 returned "1", want 2`}},
		"an error":      {text: "+0 do eof", fails: []string{`returned the error "EOF", want success`}},
		"no error":      {text: "+0 do echo = EOF", fails: []string{`returned "", want EOF`}},
		"wrong error":   {text: "+0 do odd = EOF", fails: []string{`returned the error "odd thing", want EOF`}},
		"unknown":       {text: "+0 do nonsense", fails: []string{`no call named "nonsense"`}},
		"blocks":        {text: "+0 do wait", fails: []string{"has not returned", "do!"}},
		"done":          {text: "+0 do! wait = ECONNRESET\n+1 done wait"},
		"done says":     {text: "+0 do! wait\n+0~+1 done wait = ECONNRESET"},
		"done any":      {text: "+0 do! wait\n* done wait = ECONNRESET"},
		"done early":    {text: "+0 do! wait\n+2 done wait = ECONNRESET", fails: []string{"early"}},
		"done late":     {text: "+0 do! wait\n+.5 done wait = ECONNRESET", fails: []string{"has not returned by 0.500000s"}},
		"done what":     {text: "+0 done wait", fails: []string{"no do! has started"}},
		"at the end":    {text: "+0 do! wait = ECONNRESET\n+2 > nothing"},
		"wrong, end":    {text: "+0 do! wait = EOF\n+2 > nothing", fails: []string{"want EOF"}},
		"error, end":    {text: "+0 do! wait\n+2 > nothing", fails: []string{"want success"}},
		"open, end":     {text: "+0 do! wait = EOF", fails: []string{"has not returned by the end"}},
		"open, allowed": {text: "+0 do! never"},
		"own error":     {text: "+0 do odd = ODD", cfg: func(c *Config) { c.Errors = map[string]error{"ODD": errOdd} }},
	}
	calls["odd"] = fail(errOdd)
	for name, sc := range scenes {
		sc.calls = calls
		t.Run(name, sc.run)
	}
}

var errOdd = errors.New("odd thing")

type wrapped struct{ err error }

func (w *wrapped) Error() string { return "wrapped: " + w.err.Error() }
func (w *wrapped) Unwrap() error { return w.err }

func TestLink(t *testing.T) {
	scene{
		text: "+0 link down\n+0 < S 0:0(0) win 1\n+1 > nothing\n+0 link up\n+0 < S 0:0(0) win 1\n+0 > S. 0:0(0) ack 1",
		says: [][]reply{nil, say("S. 0:0(0) ack 1")},
	}.run(t)
	scene{text: "+0 link up", cfg: func(c *Config) { c.Link = nil }, fails: []string{"no function Link"}}.run(t)
}
