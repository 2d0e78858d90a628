package pages

import (
	"slices"
	"testing"
)

// TestMasks checks what each mask makes of real lines, and that it leaves what is no time.
func TestMasks(t *testing.T) {
	for _, test := range []struct{ mask, text, want string }{
		{"clock", "11:28:09.182151 -> ARP, Reply", "hh:mm:ss.uuuuuu -> ARP, Reply"},
		{"usec", "10.0.0.4: index=0 time=10.806 usec", "10.0.0.4: index=0 time=… usec"},
		{"usec", "10.0.0.4: index=0 time=1.806 msec", "10.0.0.4: index=0 time=… usec"},
		{"rtt", "rtt min/avg/max/std-dev = 0.006/0.008/0.011/0.002 ms", "rtt min/avg/max/std-dev = …/…/…/… ms"},
		{"ms", "icmp_seq=1 ttl=64 time=0.045 ms", "icmp_seq=1 ttl=64 time=… ms"},
		{"ms", "3 received, 0% packet loss, time 2003ms", "3 received, 0% packet loss, time …ms"},
		{"ms", "rtt min/avg/max/mdev = 0.031/0.039/0.047/0.006 ms, pipe 3", "rtt min/avg/max/mdev = …/…/…/… ms"},
		{"hops", " 1  10.0.1.1  0.331 ms  12.009 ms !H", " 1  10.0.1.1  … ms  … ms !H"},
		{"seq", "Flags [S.], seq 562176440, ack 2556551911, win 0, options [TS val 7 ecr 0]", "Flags [S.], seq …, ack …, win 0, options [TS val … ecr …]"},
		{"seq", "Flags [S], seq 56217, Flags [.], seq 1:7, ack 1", "Flags [S], seq …, Flags [.], seq 1:7, ack 1"},
		{"port", "IP 10.0.0.1.40488 > 10.0.0.4.80: and 10.0.0.1:40999", "IP 10.0.0.1.40xxx > 10.0.0.4.80: and 10.0.0.1:40xxx"},
		{"id", "[fragment id 49203, offset 0+] ICMP echo request, id 16, seq 1", "[fragment id …, offset 0+] ICMP echo request, id …, seq 1"},
		{"took", "The answer took 158µs and came", "The answer took …µs and came"},
		{"took", "The answer took 1.158ms and came", "The answer took …µs and came"},
	} {
		got, err := applyMasks([]string{test.mask}, test.text)
		if err != nil || got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.mask, got, err, test.want)
		}
	}
	for _, text := range []string{
		"02:00:00:00:00:04", "index=0", "3 packets transmitted, 3 packets received,   0% unanswered", "icmp_seq=1 ttl=64",
		"Silence for 1s: a machine", "seq 1:1461, ack 1, win 65535, length 1460", "10.0.0.4",
	} {
		for _, m := range masks {
			if m.pattern.MatchString(text) {
				t.Errorf("mask %s changes %q", m.name, text)
			}
		}
	}
}

// TestWords splits commands as a shell does.
func TestWords(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`a  b	c`, []string{"a", "b", "c"}},
		{`a 'b c' "d  e" f' 'g`, []string{"a", "b c", "d  e", "f g"}},
		{`a\ b "c\"d\e" 'f\'`, []string{"a b", `c"d\e`, `f\`}},
		{`a '' b#c # d`, []string{"a", "", "b#c"}},
		{"a \\\n b", []string{"a", "b"}},
	} {
		if got, err := wordsOf(test.text); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v; want %q", test.text, got, err, test.want)
		}
	}
}
