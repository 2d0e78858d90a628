package script

import (
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket/layers"
)

// addOptions gives the options to gopacket. What comes from the first raw one on
// goes behind them as plain bytes, where gopacket does not look at it.
func (s Segment) addOptions(tcp *layers.TCP, f Flow) error {
	size := 0
	for i, o := range s.Options {
		if o.Raw {
			tail, err := rawOptions(s.Options[i:], f)
			if err != nil {
				return err
			}
			tcp.Padding = tail
			size += len(tail)
			break
		}
		data, err := o.data(f)
		if err != nil {
			return err
		}
		tcp.Options = append(tcp.Options, layers.TCPOption{
			OptionType: layers.TCPOptionKind(o.Kind), OptionLength: uint8(2 + len(data)), OptionData: data,
		})
		size += o.length()
	}
	if size > maxOptions {
		return fmt.Errorf("the options take %d bytes, and a header has room for %d", size, maxOptions)
	}
	for ; size%4 != 0; size++ {
		tcp.Padding = append(tcp.Padding, kindEOL)
	}
	tcp.DataOffset = uint8((tcpLen + size) / 4)
	return nil
}

func rawOptions(all []Option, f Flow) (b []byte, err error) {
	for _, o := range all {
		data, err := o.data(f)
		if err != nil {
			return nil, err
		}
		if !o.Raw {
			b = append(b, o.Kind)
			if o.Kind > kindNOP {
				b = append(b, uint8(2+len(data)))
			}
		}
		b = append(b, data...)
	}
	return b, nil
}

// data is what follows the option's kind and length.
func (o Option) data(f Flow) (b []byte, err error) {
	if o.Raw || o.Data != nil {
		return o.Data, nil
	}
	switch o.Kind {
	case kindMSS:
		b = binary.BigEndian.AppendUint16(b, o.Number)
	case kindWScale:
		b = append(b, uint8(o.Number))
	case kindSACK:
		for _, block := range o.Blocks {
			b = binary.BigEndian.AppendUint32(b, block.Left+f.DstISS)
			b = binary.BigEndian.AppendUint32(b, block.Right+f.DstISS)
		}
	case kindTimestamp:
		for _, v := range []Value{o.Val, o.Ecr} {
			n, err := v.resolve(f.Names)
			if err != nil {
				return nil, err
			}
			b = binary.BigEndian.AppendUint32(b, n)
		}
	}
	return b, nil
}

// resolve gives the number that stands in a header.
func (v Value) resolve(names map[string]uint32) (uint32, error) {
	if v.Any {
		return 0, fmt.Errorf("a timestamp that is sent cannot be *")
	}
	if v.Name == "" {
		return v.N, nil
	}
	n, ok := names[v.Name]
	if !ok {
		return 0, fmt.Errorf("the name %s has no value yet: a segment that the stack sends has to bind it first", v.Name)
	}
	return n + v.N, nil
}
