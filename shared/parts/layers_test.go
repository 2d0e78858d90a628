package main

import (
	"strings"
	"testing"
)

// A host in small: the lower layers below, each with what another one could misuse.
var host = []string{
	one + "/main.go", "package main\n\nimport \"fmt\"\n\nfunc main() { (&Stack{}).receiveFrame(nil); fmt.Println(tcpPort) }\n",
	one + "/stack.go", "package main\n\ntype Stack struct {\n\tarp arpTable\n\ttcp tcpState\n}\n\n" +
		"func (s *Stack) receiveFrame(b []byte) { s.receiveARP(b); s.receiveTCP(b) }\n",
	one + "/packet.go", "package main\n\ntype packet []byte\n\nfunc newPacket() packet { return nil }\n",
	one + "/trace.go", "package main\n\nfunc describe(b []byte) string { return describeARP(b) }\n\nfunc (s *Stack) note(string) {}\n",
	one + "/ethernet.go", "package main\n\ntype etherHeader struct{ etherType int }\n",
	one + "/arp.go", "package main\n\nfunc (s *Stack) receiveARP(b []byte) { s.note(\"\"); s.arp.rows = newPacket() }\n\n" +
		"func describeARP([]byte) string { return \"\" }\n",
	one + "/arp_table.go", "package main\n\ntype arpTable struct{ rows packet }\n",
	one + "/ipv4.go", "package main\n\ntype ipv4Header struct{ id int }\n\nfunc (s *Stack) sendIPv4(b []byte) { s.receiveARP(b) }\n",
	one + "/icmp.go", "package main\n\nfunc (s *Stack) sendICMP(b []byte) { s.sendIPv4(b) }\n\nfunc receiveICMP() {}\n",
	one + "/tcp.go", "package main\n\nconst tcpPort = 80\n\ntype tcpState struct{ conns []tcpConn }\n\ntype tcpConn struct{ state int }\n\n" +
		"func (c *tcpConn) close() {}\n\nfunc (s *Stack) receiveTCP(b []byte) { s.sendIPv4(b) }\n",
	one + "/browser_js.go", "package main\n",
}

func TestLayersOfHost(t *testing.T) {
	f := newFake(t, append(host, two+"/arp.go", "package main\n\nvar tcpPort = 1 // a declaration of its own\n\nvar b = tcpPort\n")...)
	f.run(statusOK, "update")
	out := f.run(statusFailed, "check")
	for line := range strings.Lines(out) {
		if strings.Contains(line, "may not know") || strings.Contains(line, "compile") {
			t.Error(line)
		}
	}
	wantLine(t, out, one+"/browser_js.go belongs to no layer", "layers.txt") // though it is not for Linux
}

func TestLayerViolations(t *testing.T) {
	for _, test := range []struct{ file, text, want string }{
		{"arp_ask.go", "var c tcpConn", "arp_ask.go uses tcpConn (tcp.go): layer arp may not know layer tcp (line 3)"},
		{"arp_ask.go", "const port = tcpPort", "arp_ask.go uses tcpPort (tcp.go): layer arp may not know layer tcp"},
		{"arp_ask.go", "func (s *Stack) x() { s.receiveTCP(nil) }", "arp_ask.go uses receiveTCP (tcp.go): layer arp may not know layer tcp"},
		{"arp_ask.go", "func (s *Stack) x() { s.tcp.conns = nil }", "arp_ask.go uses conns (tcp.go): layer arp may not know layer tcp"},
		{"arp_ask.go", "func (s *Stack) x() {\n\tfor i := range s.tcp.conns {\n\t\ts.tcp.conns[i].close()\n\t}\n}", "arp_ask.go uses close (tcp.go): layer arp may not know layer tcp (line 5)"},
		{"arp_ask.go", "var _ = ipv4Header{id: 1}", "arp_ask.go uses id (ipv4.go): layer arp may not know layer ipv4"},
		{"ipv4_options.go", "var f = receiveICMP", "ipv4_options.go uses receiveICMP (icmp.go): layer ipv4 may not know layer icmp"},
		{"ipv4_options.go", "func (s *Stack) x() { s.sendICMP(nil) }", ""},
		{"ipv4_options.go", "var h etherHeader", ""},
		{"ping.go", "func (s *Stack) x() { s.sendICMP(nil) }", ""},
		{"icmp_echo.go", "var h etherHeader", "icmp_echo.go uses etherHeader (ethernet.go): layer icmp may not know layer ethernet"},
		{"timer.go", "var h etherHeader", "timer.go uses etherHeader (ethernet.go): layer base may not know layer ethernet"},
		{"counters.go", "var s Stack", ""},
		{"tcp_send.go", "func (s *Stack) x() { s.sendICMP(nil) }", "tcp_send.go uses sendICMP (icmp.go): layer tcp may not know layer icmp"},
		{"arp_ask.go", "func x() { main() }", "arp_ask.go uses main (main.go): layer arp may not know layer main"},
		{"service_echo.go", "func x(c *tcpConn) { c.close() }", ""},
		{"service_echo.go", "func (s *Stack) x() { s.sendIPv4(nil) }", "service_echo.go uses sendIPv4 (ipv4.go): layer app may not know layer ipv4"},
		{"datagram.go", "func (s *Stack) x() { s.receiveTCP(nil); s.sendICMP(nil) }", ""},
		{"whatever.go", "", "whatever.go belongs to no layer"},
		{"arp_ask.go", "var x = nothing", "part1-one does not compile, so its layers cannot be checked"},
		{"arp_ask.go", "func", "part1-one does not compile"},
	} {
		f := newFake(t, append(host[2:len(host)-2:len(host)-2], one+"/main.go", source, one+"/"+test.file, "package main\n\n"+test.text+"\n")...)
		c, err := openCheckout(f.root)
		if err != nil {
			t.Fatal(err)
		}
		failures, err := checkLayers(c)
		if err != nil {
			t.Fatal(err)
		}
		if test.want == "" && len(failures) > 0 {
			t.Errorf("%s: %q", test.text, failures)
		}
		if test.want != "" {
			wantLine(t, strings.Join(failures, "\n"), test.want)
		}
	}
}

func TestLayersTable(t *testing.T) {
	table, err := parseLayers(layersText)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"main.go": "main", "stack.go": "stack", "arp_table.go": "arp", "ipv4_reassembly.go": "ipv4", "icmp_error.go": "icmp",
		"tcp_header.go": "tcp", "conn_read.go": "tcp", "listener.go": "tcp", "service_http.go": "app", "checksum.go": "base",
	} {
		if l, _ := table.of(file); l.name != want {
			t.Errorf("%s is in layer %q, want %q", file, l.name, want)
		}
	}
	for text, want := range map[string]string{
		"layer a\nuses b":      "no such layer",
		"layer a\nfiles [":     "syntax error",
		"layer a\nuses a.[":    "malformed",
		"files x.go":           "layers.txt:1",
		"layer a\n\nuse a":     "layers.txt:3",
		"layer a b":            "layers.txt:1",
		"layer a # known\nlay": "layers.txt:2",
	} {
		if _, err := parseLayers(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
