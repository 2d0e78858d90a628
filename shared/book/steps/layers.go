package steps

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// A layer is files of a stack that may use the same other files. A method belongs to the file that declares it, whatever
// its receiver.
type layer struct {
	name  string
	files string // patterns of path.Match
	uses  string // beside itself and base: layers, or layer.PATTERN for names in it
}

// layers are the layers of a stack; a file belongs to the first one with a pattern that matches. Everything may use the
// layer stack: it holds the type Stack, whose fields are everybody's state. stack.go is where a packet changes the layer; it
// hands it up and down, and uses all.
var layers = []layer{
	{"stack", "stack.go", "*"},
	{"base", "mac.go packet.go timer.go checksum.go random.go", ""}, // knows no protocol
	// trace asks each layer to describe its own part.
	{"trace", "trace.go fields*.go", "ethernet ipv4 arp.describe* arp.add* icmp.describe* icmp.add* " +
		"udp.describe* udp.add* udp.protocolUDP tcp.describe* tcp.add* tcp.protocolTCP tcp.flow*"},
	{"ethernet", "ethernet*.go", "trace"},
	{"arp", "arp*.go", "trace ethernet"},
	{"ipv4", "ipv4*.go gateway.go route*.go", "trace ethernet arp icmp.send*"}, // has ICMP tell a sender what was wrong
	{"ping", "ping*.go traceroute*.go", "trace ipv4 icmp udp"},                 // applications of ICMP
	{"icmp", "icmp*.go", "trace ipv4"},
	{"udp", "udp*.go dhcp*.go packet_conn*.go", "trace ipv4 icmp"},
	{"status", "info.go status.go", "*"}, // what the stack tells of itself
	{"tcp", "tcp*.go seq.go conn*.go listener*.go dial*.go", "trace ipv4 icmp.tooLarge udp.firstEphemeralPort udp.ephemeralPorts"}, // and its connections, as applications see them
}

// of returns the layer of a file; its name is "" if it is in none.
func of(file string) layer {
	at := slices.IndexFunc(layers, func(l layer) bool {
		return slices.ContainsFunc(strings.Fields(l.files), func(pattern string) bool { return matches(pattern, file) })
	})
	if at < 0 {
		return layer{}
	}
	return layers[at]
}

func matches(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // fails for a malformed pattern only
	return ok
}

// mayUse reports whether files of l may use what is declared with that name in another layer.
func (l layer) mayUse(other, name string) bool {
	return l.name == other || other == "stack" || other == "base" || slices.ContainsFunc(strings.Fields(l.uses), func(use string) bool {
		layer, pattern, some := strings.Cut(use, ".")
		return layer == "*" || layer == other && (!some || matches(pattern, name))
	})
}

// stackFiles returns the Go files of a part's stack, without tests, by their names.
func stackFiles(p parts.Part) (map[string]*parts.Source, error) {
	all := map[string]*parts.Source{}
	files, _ := filepath.Glob(filepath.Join(p.Dir, parts.StackDir, "*.go")) // fails for a malformed pattern only
	for _, file := range files {
		if parts.IsTest(file) {
			continue
		}
		src, err := parts.Parse(file)
		if err != nil {
			return nil, err
		}
		all[filepath.Base(file)] = src
	}
	return all, nil
}

// checkLayers looks at every use of a type, a function, a method, a field, a constant or a variable in each stack.
func checkLayers(t *parts.Tree) ([]string, error) {
	build.Default.CgoEnabled = false // or package net would need a C compiler
	set := token.NewFileSet()
	std := importer.ForCompiler(set, "source", nil)
	found := map[string]bool{}
	for _, p := range t.Parts {
		sources, err := stackFiles(p)
		if err != nil {
			return []string{fmt.Sprintf("%s does not compile: %v", p.Name, err)}, nil
		}
		var files []*ast.File
		for name := range sources {
			if of(name).name == "" {
				found[fmt.Sprintf("%s/stack/%s belongs to no layer: name it in shared/book/steps/layers.go", p.Name, name)] = true
			}
			if ok, _ := build.Default.MatchFile(filepath.Join(p.Dir, parts.StackDir), name); ok {
				file, err := parser.ParseFile(set, name, sources[name].Text, parser.SkipObjectResolution)
				if err != nil {
					return nil, err
				}
				files = append(files, file)
			}
		}
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
		pkg, err := (&types.Config{Importer: std}).Check(p.Name, set, files, info)
		if err != nil {
			return []string{fmt.Sprintf("%s does not compile, so its layers cannot be checked: %v", p.Name, err)}, nil
		}
		for ident, object := range info.Uses {
			if object.Pkg() != pkg || !object.Pos().IsValid() {
				continue
			}
			user, declarer := set.Position(ident.Pos()).Filename, set.Position(object.Pos()).Filename
			if from, to := of(user), of(declarer); from.name != "" && to.name != "" && !from.mayUse(to.name, object.Name()) {
				found[fmt.Sprintf("%s/stack/%s uses %s (%s): layer %s may not know layer %s", p.Name, user, object.Name(), declarer, from.name, to.name)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
