package steps

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// good returns a checkout with two parts in which all is well.
func good(t *testing.T, files ...string) *desk.Desk {
	t.Helper()
	d := desk.Committed(t, append([]string{
		one + "/stack/arp.go", "package stack\n", one + "/stack/arp_test.go", "package stack\n", one + "/stack/old_test.go", "package stack\n",
		two + "/stack/arp.go", "package stack\n", two + "/stack/arp_test.go", "package stack\n",
		two + "/stack/ipv4.go", "package stack\n", two + "/stack/gap_test.go", "package stack\n",
	}, files...)...)
	update(d)
	return d
}

func update(d *desk.Desk) {
	d.Helper()
	d.Write("docs/x", "")
	if err := Update(d.Tree()); err != nil {
		d.Fatal(err)
	}
}

// want checks that there is a failure with each of the texts, and no other.
func want(d *desk.Desk, texts ...string) {
	d.Helper()
	failures, _, err := Check(d.Tree())
	if err != nil || len(failures) != len(texts) {
		d.Errorf("%v, %q, want %q", err, failures, texts)
		return
	}
	for _, text := range texts {
		if !slices.ContainsFunc(failures, func(failure string) bool { return strings.Contains(failure, text) }) {
			d.Errorf("%q, want %q", failures, text)
		}
	}
}

// constants is Go source of n lines.
func constants(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "const %s%d = 0\n", name, i)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	d := good(t, one+"/stack/mac.go", "package stack\n", one+"/stack/gap_test.go", "package stack\n\n", one+"/exercise_test.go", "package main\n",
		two+"/stack/mac.go", "package stack\n\nconst a = 1\n", two+"/main.go", "package main\n\nfunc main() { println() }\n")
	d.Want(ChangesFile, changesIntro+`
part1-one -> part2-two
----------------------

the stack
  the same: 1 file
  changed: 2 files
    main.go        +1 -1
    stack/mac.go   +2 -0
    +2 -0 in all, of at most +150 -50; main.go does not count
  new: 1 file, 1 line
    stack/ipv4.go  1

its tests
  the same: 1 file
  changed: 1 file
    stack/gap_test.go  +0 -1
  new: 0 files, 0 lines
`)
	want(d)
}

func TestTestsStandOnce(t *testing.T) {
	test := func(name string) string {
		return "package stack\n\nimport \"testing\"\n\nfunc Test" + name + "(t *testing.T) {}\n"
	}
	d := good(t, one+"/stack/old_test.go", test("A"), two+"/stack/old_test.go", test("A"))
	want(d, two+"/stack/old_test.go: its tests stand in "+one)
	d.Write(two+"/stack/old_test.go", test("B"))
	update(d)
	want(d)
}

func TestForgottenCarry(t *testing.T) {
	d := good(t)
	d.Write(one+"/stack/arp.go", "package stack\n\n// Fixed.\n")
	want(d, two+"/stack/arp.go differs from "+one+" by +0 -2, and docs/changes.txt does not list it: either a change was not carried")
	carry(d, false, "", two+"/stack/arp.go: carried")
	want(d)
	d.Write(one+"/stack/arp_test.go", "package stack\n\n// Fixed.\n")
	want(d, two+"/stack/arp_test.go differs")
	update(d)
	want(d)
	d.Write(two+"/stack/arp_test.go", "package stack\n\nconst a = 1\n")
	want(d, "+1 -1, and docs/changes.txt says +0 -2")
	d.Git("checkout", "-q", ".")
	update(d)
	d.Write(two+"/stack/ipv4.go", "package stack\n\n// A line more.\n")
	want(d, ChangesFile+" is stale")
	d.Remove(ChangesFile)
	want(d, ChangesFile+" is stale")
}

// Limits may be met exactly, and must not be exceeded by a line. main.go, tests and new files do not count.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		from, to       string
		added, removed int
	}{{one, two, 150, 50}, {"part3-x", "part4-y", 150, 50}, {"part4-y", "part5-z", 250, 90}} {
		for _, over := range []struct{ added, removed int }{{0, 0}, {1, 0}, {0, 1}} {
			added, removed := test.added+over.added, test.removed+over.removed
			d := desk.Committed(t, test.from+"/stack/arp.go", "package stack\n"+constants("a", removed), test.to+"/stack/arp.go", "package stack\n"+constants("b", added-1),
				test.from+"/stack/mac.go", "package stack\n", test.to+"/stack/mac.go", "package stack\n\n",
				test.to+"/main.go", "package main\n"+constants("c", 300)+"func main() {}\n", test.to+"/stack/ipv4.go", "package stack\n"+constants("d", 300))
			update(d)
			if over.added+over.removed == 0 {
				want(d)
			} else {
				want(d, fmt.Sprintf("%s changes the files of %s by +%d -%d, which is more than +%d -%d (stack/arp.go", test.to, test.from, added, removed, test.added, test.removed))
			}
		}
	}
}

func TestMissingFile(t *testing.T) {
	d := good(t, one+"/stack/ethernet.go", "package stack\n", one+"/stack/mac_test.go", "package stack\n", one+"/stack/testdata/a.cap", "x")
	want(d, one+"/stack/ethernet.go is missing in "+two, one+"/stack/testdata/a.cap is missing in "+two)
}

// What a step adds only so that nothing need be changed is worth a look.
func TestSelfAssignments(t *testing.T) {
	d := good(t, one+"/stack/mac.go", "package stack\n\nfunc old(n int) int { return n }\n", two+"/stack/tcp.go", "package stack\n\nfunc limit(n, m int) int { return n }\n",
		two+"/stack/mac.go", "package stack\n\nfunc old(n int) int {\n\tn = limit(n, 1)\n\tn = old(n)\n\tm := limit(n, 1)\n\treturn m\n}\n")
	if _, notes, err := Check(d.Tree()); err != nil || len(notes) != 1 || !strings.Contains(notes[0], two+"/stack/mac.go: n = limit(n, 1)") {
		t.Errorf("%q, %v", notes, err)
	}
}

func TestImports(t *testing.T) {
	packet := "import _ \"github.com/google/gopacket/layers\"\n"
	script := "import _ \"framebyframe/shared/script\"\n"
	anyPart := "import _ \"framebyframe/part1-one/stack\"\n"
	for name, test := range map[string]struct{ text, why string }{
		one + "/stack/arp.go":               {"package stack\n" + packet, "only tests may"},
		"shared/wire/wire.go":               {"package wire\n" + packet, "only tests may"},
		"shared/lab/lab.go":                 {"package main\n" + script, "only tests may"},
		two + "/main.go":                    {"package main\n" + anyPart, "each part is complete by itself"},
		two + "/stack/arp_test.go":          {"package stack\n" + anyPart, "each part is complete by itself"},
		"shared/lab/part.go":                {"package main\n" + anyPart, "shared/ serves all parts"},
		two + "/stack/ipv4.go":              {"package stack\nimport _ \"framebyframe/shared/wire\"\n", "a stack is the lesson"},
		two + "/stack/gap_test.go":          {"package main\n", "want stack"},
		two + "/lab_test.go":                {"package stack\n", "want main"},
		"shared/wire/broken.go":             {"no Go\n", "it must compile"},
		one + "/main.go":                    {"package main\n" + anyPart, ""},
		"shared/page/page.go":               {"package page\n" + anyPart, ""},
		"docs/serve/main.go":                {"package main\n" + anyPart, ""},
		"shared/script/deep/deep.go":        {"package deep\n" + packet + script, ""},
		"shared/wire/wire_test.go":          {"package wire\n" + packet + script, ""},
		two + "/stack/testdata/arp.go":      {"package nothing\n" + packet, ""},
		two + "/stack/example_test.go":      {"package stack_test\n", ""},
		"shared/parts/testdata/x/y/wire.go": {"no Go\n", ""},
	} {
		d := desk.Committed(t, one+"/stack/arp.go", "package stack\n", two+"/stack/arp.go", "package stack\n", name, test.text)
		failures, err := checkImports(d.Tree())
		if err != nil || (test.why == "") != (len(failures) == 0) || test.why != "" && (len(failures) != 1 || !strings.HasPrefix(failures[0], name) || !strings.Contains(failures[0], test.why)) {
			t.Errorf("%s: %v, %q, want %q", name, err, failures, test.why)
		}
	}
}

// TestLayers has a host in small misuse its layers.
func TestLayers(t *testing.T) {
	host := []string{
		one + "/stack/stack.go", "package stack\n\ntype Stack struct {\n\tarp arpTable\n\ttcp tcpState\n}\n\nfunc (s *Stack) receiveFrame(b []byte) { s.receiveARP(b); s.receiveTCP(b) }\n",
		one + "/stack/packet.go", "package stack\n\ntype packet []byte\n\nfunc newPacket() packet { return nil }\n",
		one + "/stack/trace.go", "package stack\n\nfunc describe(b []byte) string { return describeARP(b) }\n",
		one + "/stack/ethernet.go", "package stack\n\ntype etherHeader struct{ etherType int }\n",
		one + "/stack/arp.go", "package stack\n\nfunc (s *Stack) receiveARP(b []byte) { s.arp.rows = newPacket() }\n\nfunc describeARP([]byte) string { return \"\" }\n",
		one + "/stack/arp_table.go", "package stack\n\ntype arpTable struct{ rows packet }\n",
		one + "/stack/ipv4.go", "package stack\n\nimport \"net/netip\"\n\ntype ipv4Header struct{ id netip.Addr }\n\nfunc (s *Stack) sendIPv4(b []byte) { s.receiveARP(b) }\n",
		one + "/stack/icmp.go", "package stack\n\nfunc (s *Stack) sendICMP(b []byte) { s.sendIPv4(b) }\n\nfunc receiveICMP() {}\n",
		one + "/stack/tcp.go", "package stack\n\nconst tcpPort = 80\n\ntype tcpState struct{ conns []tcpConn }\n\ntype tcpConn struct{}\n\nfunc (s *Stack) receiveTCP(b []byte) { s.sendIPv4(b) }\n",
	}
	for _, test := range []struct{ file, text, want string }{
		{"seq.go", "", ""},
		{"arp_ask.go", "const port = tcpPort", "arp_ask.go uses tcpPort (tcp.go): layer arp may not know layer tcp"},
		{"arp_ask.go", "func (s *Stack) x() { s.tcp.conns = nil }", "arp_ask.go uses conns (tcp.go): layer arp may not know layer tcp"},
		{"ipv4_options.go", "var f = receiveICMP", "ipv4_options.go uses receiveICMP (icmp.go): layer ipv4 may not know layer icmp"},
		{"ipv4_options.go", "func (s *Stack) x() { s.sendICMP(nil) }", ""},
		{"timer.go", "var h etherHeader", "timer.go uses etherHeader (ethernet.go): layer base may not know layer ethernet"},
		{"tcp_send.go", "func (s *Stack) x() { s.sendICMP(nil) }", "tcp_send.go uses sendICMP (icmp.go): layer tcp may not know layer icmp"},
		{"whatever_js.go", "", "whatever_js.go belongs to no layer"},
		{"arp_ask.go", "var x = nothing", "part1-one does not compile, so its layers cannot be checked"},
		{"arp_ask.go", "func", "part1-one does not compile"},
	} {
		d := desk.New(t, append(host, one+"/stack/"+test.file, "package stack\n\n"+test.text+"\n")...)
		failures, err := checkLayers(d.Tree())
		if got := strings.Join(failures, "\n"); err != nil || (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %v, %q, want %q", test.text, err, got, test.want)
		}
	}
}

// A step is shown in the order of its chapter, then the rest, new files whole.
func TestDiff(t *testing.T) {
	d := desk.Committed(t, one+"/stack/arp.go", "a\n", one+"/stack/mac.go", "m\n", one+"/stack/gone.go", "g\n", one+"/stack/same.go", "s\n",
		two+"/stack/arp.go", "A\n", two+"/stack/mac.go", "M\n", two+"/stack/ip.go", "ip\n", two+"/stack/zip.go", "zip\n", two+"/stack/ip_test.go", "t\n", two+"/stack/same.go", "s\n",
		"docs/2-ip.md", "# 2 IP\n\n<!-- code: "+two+"/stack/zip.go x -->\n\n<!-- diff: "+one+"/stack "+two+"/stack mac.go -->\n\n`arp.go`\n")
	var out bytes.Buffer
	tree := d.Tree()
	if err := Diff(tree, tree.Parts[0], tree.Parts[1], &out); err != nil {
		t.Fatal(err)
	}
	var order []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "+++ ") || strings.HasPrefix(line, "=== ") {
			order = append(order, strings.TrimSpace(line[4:]))
		}
	}
	if got := strings.Join(order, ", "); got != two+"/stack/zip.go is new:, "+two+"/stack/mac.go, "+two+"/stack/arp.go, "+two+"/stack/ip.go is new:, "+one+"/stack/gone.go is gone" {
		t.Errorf("%s in\n%s", got, &out)
	}
	if !strings.Contains(out.String(), "-m\n+M\n") || !strings.Contains(out.String(), "new:\n\nzip\n") {
		t.Errorf("%s", &out)
	}
}
