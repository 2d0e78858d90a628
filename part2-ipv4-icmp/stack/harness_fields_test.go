package stack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// checkFields checks that every bit of a frame is in one field, and returns the fields.
func checkFields(t *testing.T, frame []byte) []Field {
	t.Helper()
	fields, at := Fields(frame), 0
	for _, f := range fields {
		if 8*f.Offset+f.Bit != at || f.Bits <= 0 || f.Bit > 7 || f.Length != (f.Bit+f.Bits+7)/8 || f.Layer == "" || f.Name == "" {
			t.Fatalf("after bit %d of % x comes the field %+v", at, frame, f)
		}
		at += f.Bits
	}
	if at != 8*len(frame) || len(fields) > 100 {
		t.Fatalf("%d fields have %d bits of %d: % x", len(fields), at, 8*len(frame), frame)
	}
	return fields
}

// fieldLines returns the fields of a frame, a line each: place, layer, name, value, what it means
// and what is wrong.
func fieldLines(t *testing.T, frame []byte) string {
	t.Helper()
	var b strings.Builder
	for _, f := range checkFields(t, frame) {
		place := fmt.Sprintf("%d+%d", f.Offset, f.Length)
		if f.Bits != 8*f.Length {
			place = fmt.Sprintf("%d.%d+%d bits", f.Offset, f.Bit, f.Bits)
		}
		line := []string{place, f.Layer, f.Name, f.Value, f.Meaning, f.Wrong}
		b.WriteString(strings.TrimRight(strings.Join(line, " | "), "| ") + "\n")
	}
	return b.String()
}

func wantFields(t *testing.T, frame []byte, want string) {
	t.Helper()
	if got := fieldLines(t, frame); got != strings.TrimLeft(want, "\n") {
		t.Errorf("% x\ngot\n%swant%s", frame, got, want)
	}
}

// fieldValue returns the value of the first field with that name in a layer.
func fieldValue(fields []Field, layer, name string) string {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Layer == layer && f.Name == name })
	if i < 0 {
		return "(no " + name + ")"
	}
	return fields[i].Value
}
