package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A Group is some of what a host knows, as rows of a table.
type Group struct {
	Title string     `json:"title"`
	Rows  []Variable `json:"rows"`
}

// A Variable is one of them.
type Variable struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// The parts tell what they know as structs with names for JSON, each part more than the one before. So the tables are
// made from the JSON: what a part tells and nothing here knows is shown under its own name.
type node struct {
	name  string
	value any // string, json.Number, bool, nil; or []node, of an object, or []any, of an array
}

// parse reads an object and keeps the order of its names.
func parse(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		members := []node{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := parse(d)
			if err != nil {
				return nil, err
			}
			members = append(members, node{name: name.(string), value: value})
		}
		_, err := d.Token()
		return members, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := parse(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

// groups makes tables of what a host tells.
func groups(info any) ([]Group, error) {
	b, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	tree, err := parse(d)
	if err != nil {
		return nil, err
	}
	members, ok := tree.([]node)
	if !ok {
		return nil, fmt.Errorf("a host tells %T of itself", tree)
	}
	t := &tables{}
	t.connections(members)
	t.rows("Neighbours (ARP)", "neighbours", members)
	t.rows("Datagrams in pieces", "reassemblies", members)
	t.rows("Listening", "listeners", members)
	t.rest(members)
	return t.groups, nil
}

// tables are those that are made so far.
type tables struct{ groups []Group }

func (t *tables) add(title string, rows []Variable) {
	if len(rows) > 0 {
		t.groups = append(t.groups, Group{title, rows})
	}
}

// find returns the member of an object with a name, or nil.
func find(members []node, name string) any {
	for _, m := range members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// connections makes a table for each part of each TCB.
func (t *tables) connections(members []node) {
	list, _ := find(members, "connections").([]any)
	for i, c := range list {
		if i == maxShown {
			t.add("More connections", []Variable{{Name: "there are", Value: fmt.Sprint(len(list))}})
			return
		}
		conn := asObject(c)
		title := fmt.Sprintf("%s – %s", port(find(conn, "local")), find(conn, "remote"))
		var state, network []Variable
		for _, m := range conn {
			switch v := m.value.(type) {
			case []node:
				rows := variables(m.name, v, conn)
				if m.name == "snd" || m.name == "rcv" {
					t.add(map[string]string{"snd": "Sends: ", "rcv": "Receives: "}[m.name]+title, append(state, rows...))
					state = nil
				} else {
					network = append(network, rows...)
				}
			case []any:
				if m.name == "timers" {
					network = append(network, timers(v)...)
				} else if len(v) > 0 {
					network = append(network, Variable{name(m.name), pieces(v, conn), meanings[m.name]})
				}
			default:
				if m.name != "local" && m.name != "remote" {
					state = append(state, variables("", []node{m}, conn)...)
				}
			}
		}
		t.add("Connection "+title, state) // of one that has no more than that
		t.add("Timers, losses and the network: "+title, network)
	}
}

// timers makes a row for each timer that runs.
func timers(list []any) []Variable {
	rows := pairs(list, "name", "left_ns")
	for i := range rows {
		rows[i].Name += " timer"
		rows[i].Meaning = "until it fires"
	}
	return rows
}

// maxShown bounds the connections that are shown.
const maxShown = 4

func port(address any) string {
	s := fmt.Sprint(address)
	return s[strings.LastIndexByte(s, ':')+1:]
}

// rows makes one table with a row for each element of an array.
func (t *tables) rows(title, member string, members []node) {
	list, _ := find(members, member).([]any)
	var rows []Variable
	for _, e := range list {
		object, _ := e.([]node)
		if len(object) == 0 {
			continue
		}
		row := Variable{Name: value(object[0].name, object[0].value, nil)}
		var rest []string
		for i, m := range object[1:] {
			if text := value(m.name, m.value, nil); i == 0 {
				row.Value = text
			} else if text != "0" && text != "–" {
				rest = append(rest, name(m.name)+" "+text)
			}
		}
		row.Meaning = strings.Join(rest, ", ")
		rows = append(rows, row)
	}
	t.add(title, rows)
}

// rest makes tables of what remains: single values, and objects of them.
func (t *tables) rest(members []node) {
	var own []Variable
	for _, m := range members {
		switch v := m.value.(type) {
		case []node:
			t.add(name(m.name), append(variables(m.name, v, nil), dropped(v)...))
		case []any:
		default:
			own = append(own, variables("", []node{m}, nil)...)
		}
	}
	t.add("Itself", own)
}

// dropped makes rows of what was dropped.
func dropped(members []node) []Variable {
	list, _ := find(members, "dropped").([]any)
	rows := pairs(list, "reason", "count")
	for i := range rows {
		rows[i].Meaning = "dropped for this reason"
	}
	return rows
}

// pairs makes a row of two members of each element.
func pairs(list []any, key, val string) (rows []Variable) {
	for _, e := range list {
		object, _ := e.([]node)
		rows = append(rows, Variable{Name: fmt.Sprint(find(object, key)), Value: value(val, find(object, val), nil)})
	}
	return rows
}

// pieces writes intervals of sequence numbers.
func pieces(list []any, conn []node) string {
	irs := initial(conn, "irs")
	var words []string
	for _, e := range list {
		o := asObject(e)
		words = append(words, fmt.Sprintf("%d:%d", number32(find(o, "from"))-irs, number32(find(o, "to"))-irs))
	}
	return strings.Join(words, " ")
}

func asObject(v any) []node {
	m, _ := v.([]node)
	return m
}

func number32(v any) uint32 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return uint32(i)
}

// variables makes rows of an object's single values. conn is the connection that it belongs to, or nil.
func variables(of string, object, conn []node) (rows []Variable) {
	for _, m := range object {
		switch m.value.(type) {
		case []node, []any:
			continue
		}
		full := m.name
		if of != "" {
			full = of + "." + m.name
		}
		rows = append(rows, Variable{name(full), value(full, m.value, conn), meanings[full]})
	}
	return rows
}

// numbered are the sequence numbers, and where their stream begins.
var numbered = map[string]string{
	"snd.una": "iss", "snd.nxt": "iss", "snd.wl2": "iss", "recovery.recover": "iss",
	"rcv.nxt": "irs", "rcv.up": "irs", "snd.wl1": "irs",
}

// initial returns where a stream of a connection begins.
func initial(conn []node, which string) uint32 {
	if which == "iss" {
		return number32(find(asObject(find(conn, "snd")), "iss"))
	}
	return number32(find(asObject(find(conn, "rcv")), "irs"))
}

// name writes a variable's name as the RFCs do.
func name(full string) string {
	if n, known := names[full]; known {
		return n
	}
	of, last, nested := strings.Cut(full, ".")
	if !nested {
		of, last = "", full
	}
	if of == "snd" || of == "rcv" {
		return strings.ToUpper(of + "." + last)
	}
	return strings.ReplaceAll(strings.TrimSuffix(last, "_ns"), "_", " ")
}

// unset is what stands for a value that is not there.
const unset = "–"

// value writes a value: sequence numbers counted from the initial one, as in the trace, and times with their unit.
func value(full string, v any, conn []node) string {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		which, isNumber := numbered[full]
		switch {
		case isNumber && n != 0:
			return fmt.Sprint(number32(v) - initial(conn, which))
		case strings.HasSuffix(full, "_ns") && n == 0:
			return unset
		case strings.HasSuffix(full, "_ns"):
			return duration(time.Duration(n))
		case full == "congestion.ssthresh" && n >= 1<<30:
			return "∞"
		}
		return v.String()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case nil:
		return unset
	}
	if v == "" {
		return unset
	}
	return fmt.Sprint(v)
}

// duration writes a time with no more digits than somebody reads.
func duration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// names are those that are not made of the name in JSON.
var names = map[string]string{
	"mac": "MAC address", "ip": "IP address", "mtu": "MTU", "frames": "Frames", "snd.eff_mss": "Eff.snd.MSS", "snd.max_wnd": "MAX.SND.WND",
	"snd.shift": "Snd.Wind.Shift", "rcv.shift": "Rcv.Wind.Shift", "snd.queued": "send buffer", "snd.buffer": "its limit", "rcv.user": "RCV.USER", "rcv.buff": "RCV.BUFF",
	"congestion.cwnd": "cwnd", "rto.srtt_ns": "SRTT", "rto.rttvar_ns": "RTTVAR", "rto.rto_ns": "RTO", "rto.min_rtt_ns": "shortest RTT",
	"recovery.sack": "SACK", "recovery.flight": "in flight", "recovery.dup_acks": "duplicate ACKs", "recovery.reo_wnd_ns": "RACK.reo_wnd", "recovery.timed_out": "by timeout",
	"recovery.recover": "recover", "congestion.limited": "cwnd limits",
}

// meanings say what a variable means.
var meanings = map[string]string{
	"mac": "of its card", "ip": "and how many of its bits all hosts on the link share", "mtu": "the longest payload of a frame", "gateway": "next hop for what is off the link",
	"frames.received": "that the cable had for it", "frames.sent": "that the cable took",
	"state":   "of RFC 9293 3.3.2",
	"snd.una": "the oldest number that is not acknowledged", "snd.nxt": "the next number to be sent", "snd.wnd": "how many bytes the peer takes, from UNA on",
	"snd.wl1": "SEG.SEQ of the segment that last changed WND", "snd.wl2": "SEG.ACK of that segment", "snd.iss": "the initial number", "snd.max_wnd": "the largest window there was",
	"snd.shift": "by how many bits the peer's windows are scaled", "snd.mss": "the largest segment that the peer takes", "snd.eff_mss": "the largest that is sent",
	"snd.queued": "bytes that are not acknowledged, or not sent", "snd.buffer": "how many bytes there may be",
	"rcv.nxt": "the next number that is expected", "rcv.wnd": "how many bytes it takes, from NXT on", "rcv.irs": "the peer's initial number", "rcv.shift": "by how many bits its own windows are scaled",
	"rcv.user": "bytes that the application has not read", "rcv.buff": "how many bytes the buffer may have", "rcv.up": "the number behind urgent data", "out_of_order": "what has come behind a gap",
	"congestion.name": "who decides about cwnd", "congestion.cwnd": "how much may be in flight, for the network's sake", "congestion.ssthresh": "slow start goes up to here",
	"congestion.limited": "it is cwnd that keeps it from sending more",
	"rto.srtt_ns":        "the round trip, smoothed", "rto.rttvar_ns": "how much it varies", "rto.rto_ns": "the retransmission timeout, backed off", "rto.backoff": "how often it was doubled", "rto.min_rtt_ns": "of late",
	"recovery.sack": "both sides know it", "recovery.recovering": "losses are being repaired", "recovery.timed_out": "it was the timer that noticed them", "recovery.recover": "the recovery is over when all before is acknowledged",
	"recovery.flight": "bytes on their way: neither sacked nor lost", "recovery.sacked": "segments that have arrived behind a gap", "recovery.lost": "segments that seem lost, and are not sent again yet",
	"recovery.dup_acks": "in a row, without SACK", "recovery.probes": "tail loss probes on their way", "recovery.reo_wnd_ns": "for how long a segment may be overtaken",
}
