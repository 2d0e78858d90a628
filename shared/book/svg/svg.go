// Package svg draws curves as SVG, for the pictures of the chapters: legible on paper and on a dark screen, and on one as
// narrow as a telephone's. The same points give the same bytes.
package svg

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Sizes, in the picture's own units. A browser makes the picture as wide as there is room, so letters are large.
const (
	width    = 600.0
	left     = 62.0
	right    = 14.0
	fontSize = 17.0
	line     = 24.0 // from one line of text to the next
	letter   = 0.53 // of fontSize, on average
	visible  = 0.7  // points of a curve that are nearer to each other are one
)

// The colors of the curves, on white and on black.
var palette = []struct{ name, light, dark string }{
	{Ink, "#1f2328", "#e6edf3"},
	{Grey, "#6e7781", "#9198a1"},
	{Blue, "#0a5fb4", "#6cb6ff"},
	{Red, "#cf222e", "#ff7b72"},
	{Green, "#1a7f37", "#57d27a"},
	{Violet, "#8250df", "#c297ff"},
	{Orange, "#b35900", "#ffa657"},
}

// Names of colors.
const (
	Ink    = "ink"
	Grey   = "grey"
	Blue   = "blue"
	Red    = "red"
	Green  = "green"
	Violet = "violet"
	Orange = "orange"
)

// An Axis is what one direction of the picture stands for.
type Axis struct {
	Label    string
	Min, Max float64
	Step     float64 // from one number to the next
}

// A Point is a place in the units of the axes.
type Point struct{ X, Y float64 }

// A Picture is one diagram.
type Picture struct {
	Title  string
	X, Y   Axis
	Height float64 // of the diagram alone

	body   strings.Builder
	legend []entry
}

type entry struct{ color, mark, text string }

func (p *Picture) x(v float64) float64 {
	return left + (width-left-right)*(v-p.X.Min)/(p.X.Max-p.X.Min)
}

func (p *Picture) y(v float64) float64 { return p.Height * (1 - (v-p.Y.Min)/(p.Y.Max-p.Y.Min)) }

// Legend says what a color means. The mark is a letter or a sign in that color.
func (p *Picture) Legend(color, mark, text string) {
	p.legend = append(p.legend, entry{color, mark, text})
}

// Line connects points. It may be dashed.
func (p *Picture) Line(color string, dashed bool, points []Point) {
	if len(points) == 0 {
		return
	}
	var path strings.Builder
	last := points[0]
	for i, at := range points {
		x, y := p.x(at.X), p.y(at.Y)
		if i > 0 && i < len(points)-1 && math.Hypot(x-last.X, y-last.Y) < visible {
			continue
		}
		last = Point{x, y}
		fmt.Fprintf(&path, "%s%.1f %.1f", []string{"L", "M"}[b2i(i == 0)], x, y)
	}
	dash := ""
	if dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(&p.body, `<path class="l %s"%s d="%s"/>`+"\n", color, dash, path.String())
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Steps connects points as stairs: a value stays until the next one comes.
func (p *Picture) Steps(color string, dashed bool, points []Point) {
	var stairs []Point
	for i, at := range points {
		if i > 0 && points[i-1].Y != at.Y {
			stairs = append(stairs, Point{at.X, points[i-1].Y})
		}
		stairs = append(stairs, at)
	}
	p.Line(color, dashed, stairs)
}

// Bar draws an upright line.
func (p *Picture) Bar(color string, thick, x, from, to float64) {
	fmt.Fprintf(&p.body, `<path class="l %s" style="stroke-width:%g" d="M%.1f %.1fV%.1f"/>`+"\n", color, thick, p.x(x), p.y(from), p.y(to))
}

// Area shades all heights between two places.
func (p *Picture) Area(color string, from, to float64) {
	fmt.Fprintf(&p.body, `<rect class="f %s" opacity="0.15" x="%.1f" y="0" width="%.1f" height="%.1f"/>`+"\n", color, p.x(from), p.x(to)-p.x(from), p.Height)
}

// Dot marks a place.
func (p *Picture) Dot(color string, x, y float64) {
	fmt.Fprintf(&p.body, `<circle class="f %s" cx="%.1f" cy="%.1f" r="2.5"/>`+"\n", color, p.x(x), p.y(y))
}

// Cross marks a place where something has ended.
func (p *Picture) Cross(color string, x, y float64) {
	fmt.Fprintf(&p.body, `<path class="l %s" d="M%.1f %.1fm-5 -5l10 10m0 -10l-10 10"/>`+"\n", color, p.x(x), p.y(y))
}

// Text writes a word beside a place: its anchor is start, middle or end.
func (p *Picture) Text(color, anchor string, x, y float64, text string) {
	fmt.Fprintf(&p.body, `<text class="f %s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`+"\n", color, anchor, p.x(x), p.y(y), html.EscapeString(text))
}

// SVG returns the picture.
func (p *Picture) SVG() string {
	head, top := p.head()
	height := top + p.Height + 2*line + 6
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %[1]v %[2]v" role="img" font-family="sans-serif" font-size="%[3]v">`+"\n", width, height, fontSize)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>\n%s</style>\n", html.EscapeString(p.Title), style())
	b.WriteString(`<rect class="paper" width="100%" height="100%"/>` + "\n" + head)
	fmt.Fprintf(&b, `<g transform="translate(0 %.0f)">`+"\n", top)
	p.axes(&b)
	fmt.Fprintf(&b, `<clipPath id="c"><rect x="%v" y="-1" width="%v" height="%v"/></clipPath>`+"\n", left, width-left-right, p.Height+2)
	b.WriteString(`<g clip-path="url(#c)">` + "\n" + p.body.String() + "</g>\n</g>\n</svg>\n")
	return b.String()
}

// style returns the colors. A class f is filled, a class l is a line.
func style() string {
	var light, dark strings.Builder
	for _, c := range palette {
		fmt.Fprintf(&light, ".f.%[1]s{fill:%[2]s}.l.%[1]s{stroke:%[2]s}\n", c.name, c.light)
		fmt.Fprintf(&dark, ".f.%[1]s{fill:%[2]s}.l.%[1]s{stroke:%[2]s}\n", c.name, c.dark)
	}
	return ".paper{fill:#ffffff}.l{fill:none;stroke-width:1.8}.grid{stroke:#d8dee4}\n" + light.String() +
		"@media (prefers-color-scheme:dark){\n.paper{fill:#0d1117}.grid{stroke:#30363d}\n" + dark.String() + "}\n"
}

// head returns the title and the legend, and how high they are.
func (p *Picture) head() (text string, height float64) {
	var b strings.Builder
	y := line
	words, row := strings.Fields(p.Title), ""
	flush := func() {
		fmt.Fprintf(&b, `<text class="f ink" font-weight="bold" x="8" y="%.0f">%s</text>`+"\n", y, html.EscapeString(row))
		y += line
	}
	for _, word := range words {
		if row != "" && wide(row+" "+word)*1.06 > width-16 {
			flush()
			row = ""
		}
		row = strings.TrimSpace(row + " " + word)
	}
	flush()
	x := 8.0
	for _, e := range p.legend {
		w := wide(e.mark+" "+e.text) + 20
		if x > 8 && x+w > width {
			x, y = 8, y+line
		}
		fmt.Fprintf(&b, `<text class="f %s" x="%.0f" y="%.0f"><tspan font-weight="bold">%s</tspan> %s</text>`+"\n", e.color, x, y, html.EscapeString(e.mark), html.EscapeString(e.text))
		x += w
	}
	return b.String(), y + 16
}

// wide estimates how wide a text is.
func wide(text string) float64 { return letter * fontSize * float64(len([]rune(text))) }

// axes draws the frame, a grid, and the numbers beside it.
func (p *Picture) axes(b *strings.Builder) {
	for v := p.Y.Min; v <= p.Y.Max+p.Y.Step/1000; v += p.Y.Step {
		fmt.Fprintf(b, `<path class="grid" d="M%v %.1fH%v"/><text class="f ink" text-anchor="end" x="%v" y="%.1f">%g</text>`+"\n",
			left, p.y(v), width-right, left-6, p.y(v)+6, v)
	}
	for v := p.X.Min; v <= p.X.Max+p.X.Step/1000; v += p.X.Step {
		anchor := "middle"
		if p.x(v) > width-right-wide("00") {
			anchor = "end"
		}
		fmt.Fprintf(b, `<path class="grid" d="M%.1f 0V%v"/><text class="f ink" text-anchor="%s" x="%.1f" y="%.1f">%g</text>`+"\n",
			p.x(v), p.Height, anchor, p.x(v)+6*float64(b2i(anchor == "end")), p.Height+line-4, v)
	}
	fmt.Fprintf(b, `<text class="f ink" text-anchor="end" x="%v" y="%.1f">%s</text>`+"\n", width-right+6, p.Height+2*line-4, html.EscapeString(p.X.Label))
	fmt.Fprintf(b, `<text class="f ink" x="8" y="%.1f">↑ %s</text>`+"\n", p.Height+2*line-4, html.EscapeString(p.Y.Label))
}
