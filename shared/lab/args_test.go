package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseArgs(t *testing.T) {
	for _, test := range []struct {
		args string
		want request
	}{
		{"", request{help: true}},
		{"-h", request{help: true}},
		{"--help", request{help: true}},
		{"demo -h", request{help: true}},
		{"1", request{part: "1"}},
		{".", request{part: "."}},
		{"1 -q", request{part: "1", flags: []string{"-q"}}},
		{"1 -- ip neigh", request{part: "1", command: []string{"ip", "neigh"}}},
		{"4 -loss 5% -q -- curl -v http://10.0.0.4/", request{part: "4", flags: []string{"-loss", "5%", "-q"},
			command: []string{"curl", "-v", "http://10.0.0.4/"}}},
		{"5 on -- curl x", request{part: "5", on: true, flags: []string{"-socks", "127.0.0.1:1080"}, command: []string{"curl", "x"}}},
		{"5 on -q", request{part: "5", on: true, flags: []string{"-socks", "127.0.0.1:1080", "-q"}}},
		{"1 -- sh -- x", request{part: "1", command: []string{"sh", "--", "x"}}},
		{"demo", request{demo: true}},
		{"demo 1", request{demo: true, part: "1"}},
		{"demo -cable 2", request{demo: true, cable: true, part: "2"}},
		{"demo 2 --cable", request{demo: true, cable: true, part: "2"}},
	} {
		got, err := parseArgs(strings.Fields(test.args))
		if err != nil {
			t.Errorf("lab %s: %v", test.args, err)
			continue
		}
		if len(got.flags) == 0 {
			got.flags = nil
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("lab %s: %+v, want %+v", test.args, got, test.want)
		}
	}
}

func TestParseArgsRefuses(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-- true", "name a part"},
		{"-q", "name a part"},
		{"1 --", "a command must follow"},
		{"1 arping 10.0.0.4", "1 -- arping 10.0.0.4"},
		{"demo 1 2", `"2"`},
		{"demo -q", `"-q"`},
		{"demo -- true", `"--"`},
	} {
		_, err := parseArgs(strings.Fields(test.args))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("lab %s: error %v, want one with %q", test.args, err, test.want)
		}
	}
	if _, err := parseArgs([]string{""}); err == nil {
		t.Error("an empty name was taken for a part")
	}
}

func TestAlone(t *testing.T) {
	for _, test := range []struct {
		args string
		want bool
	}{
		{"1", false},
		{"1 -q -loss 5%", false},
		{"1 -resolve 10.0.0.1", true},
		{"1 -q --resolve=10.0.0.1", true},
		{"1 -resolve 10.0.0.1 -- true", false},
		{"4 -get http://10.0.0.1/", true},
		{"3 -listen 80", false},
	} {
		req, err := parseArgs(strings.Fields(test.args))
		if err != nil || req.alone() != test.want {
			t.Errorf("lab %s: alone %v, %v; want %v", test.args, req.alone(), err, test.want)
		}
	}
}

func TestCompletePath(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"/usr/bin:/bin", "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"},
		{"/sbin:/usr/local/sbin:/usr/sbin:/bin", "/sbin:/usr/local/sbin:/usr/sbin:/bin"},
	} {
		if got := completePath(test.path); got != test.want {
			t.Errorf("completePath(%q) = %q, want %q", test.path, got, test.want)
		}
	}
}
