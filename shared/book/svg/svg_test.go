package svg

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// example is a picture with one of each.
func example() *Picture {
	p := &Picture{Title: "A <b> & a long title that has to go on in a second line, or it would not fit", Height: 100,
		X: Axis{"s", 0, 10, 5}, Y: Axis{"kB", 0, 200, 100}}
	p.Line(Blue, false, []Point{{0, 0}, {0.001, 0}, {9.99, 200}, {10, 200}})
	p.Steps(Grey, true, []Point{{0, 100}, {5, 50}})
	p.Line(Green, false, nil)
	p.Bar(Red, 2, 5, 0, 100)
	p.Area(Orange, 2, 3)
	p.Dot(Violet, 1, 1)
	p.Cross(Red, 1, 1)
	p.Text(Ink, "end", 5, 100, "<here>")
	p.Legend(Blue, "-", "a curve")
	return p
}

// TestSVG checks that the picture is well-formed, is where it should be, and is the same each time.
func TestSVG(t *testing.T) {
	text := example().SVG()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
	for _, want := range []string{
		`d="M62.0 100.0L585.5 0.0L586.0 0.0"`,          // from corner to corner
		`d="M62.0 50.0L324.0 50.0L324.0 75.0"`,         // stairs
		`d="M324.0 100.0V50.0"`,                        // the bar
		`x="166.8" y="0" width="52.4"`,                 // the area
		"&lt;here&gt;",                                 // a text
		`class="f blue" x="8" y="72">`,                 // the legend, below a title of two lines
		"@media (prefers-color-scheme:dark)",           // and in the dark
		".f.blue{fill:#0a5fb4}.l.blue{stroke:#0a5fb4}", // colors
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if again := example().SVG(); again != text {
		t.Error("a second picture differs from the first")
	}
}
