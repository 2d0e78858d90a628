package script

import (
	"fmt"
	"strconv"
	"strings"
)

// The kinds of TCP options that have a form of their own in the notation.
const (
	kindEOL       = 0
	kindNOP       = 1
	kindMSS       = 2 // RFC 9293 3.2
	kindWScale    = 3 // RFC 7323
	kindSACKOK    = 4 // RFC 2018
	kindSACK      = 5 // RFC 2018
	kindTimestamp = 8 // RFC 7323
)

// maxOptions is what a header of 15 words has room for.
const maxOptions = 40

// Option is one TCP option.
type Option struct {
	Kind     uint8
	Number   uint16  // of mss and wscale
	Val, Ecr Value   // of TS
	Blocks   []Block // of sack, relative
	Data     []byte  // of any other form: what follows kind and length
	Raw      bool    // Data is all of it, kind and length too, right or wrong
}

// Block is one range of a SACK option: from Left to before Right.
type Block struct{ Left, Right uint32 }

// Value is a timestamp: a number, a name bound at its first use, a name and
// something added to it, or anything.
type Value struct {
	N    uint32
	Name string
	Any  bool
}

func (v Value) String() string {
	switch {
	case v.Any:
		return "*"
	case v.Name != "" && v.N != 0:
		return fmt.Sprintf("%s+%d", v.Name, v.N)
	case v.Name != "":
		return v.Name
	}
	return strconv.FormatUint(uint64(v.N), 10)
}

// named tells whether an option of this kind and so many bytes of data has a
// form of its own.
func named(kind uint8, n int) bool {
	switch kind {
	case kindEOL, kindNOP, kindSACKOK:
		return n == 0
	case kindMSS:
		return n == 2
	case kindWScale:
		return n == 1
	case kindSACK:
		return n > 0 && n%8 == 0
	case kindTimestamp:
		return n == 8
	}
	return false
}

// length is what the option takes in a header, in bytes.
func (o Option) length() int {
	switch {
	case o.Raw:
		return len(o.Data)
	case o.Kind <= kindNOP:
		return 1
	case o.Data != nil:
		return 2 + len(o.Data)
	}
	switch o.Kind {
	case kindMSS:
		return 4
	case kindWScale:
		return 3
	case kindSACK:
		return 2 + 8*len(o.Blocks)
	case kindTimestamp:
		return 10
	}
	return 2
}

func (o Option) String() string {
	switch {
	case o.Raw:
		return fmt.Sprintf("raw %x", o.Data)
	case o.Data != nil:
		return strings.TrimSpace(fmt.Sprintf("unknown %d %x", o.Kind, o.Data))
	}
	switch o.Kind {
	case kindEOL:
		return "eol"
	case kindNOP:
		return "nop"
	case kindMSS:
		return fmt.Sprintf("mss %d", o.Number)
	case kindWScale:
		return fmt.Sprintf("wscale %d", o.Number)
	case kindSACKOK:
		return "sackOK"
	case kindTimestamp:
		return fmt.Sprintf("TS val %s ecr %s", o.Val, o.Ecr)
	case kindSACK:
		text := "sack"
		for _, b := range o.Blocks {
			text += fmt.Sprintf(" %d:%d", int32(b.Left), int32(b.Right))
		}
		return text
	}
	return fmt.Sprintf("unknown %d", o.Kind)
}

func formatOptions(all []Option, more bool) string {
	var words []string
	for _, o := range all {
		words = append(words, o.String())
	}
	if more {
		words = append(words, "...")
	}
	return "<" + strings.Join(words, ",") + ">"
}
