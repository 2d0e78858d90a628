package parts

import (
	"slices"
	"testing"
)

func TestScriptsOf(t *testing.T) {
	all := scriptsOf("f", "// about\nfrom: 3\n\n-- define d --\n+0 x\n\n-- one --\nuntil: 4\n+0 state A\n\n== section ==\nfrom: 5\n\n-- two --\ntry: `a: b`\n+0 state B\n\n-- three --\n+0 state B\n")
	var names []string
	fit := map[string][]int{}
	for _, s := range all {
		names = append(names, s.Name)
		for n := 1; n <= 5; n++ {
			if s.Fits(Part{Number: n}) {
				fit[s.Name] = append(fit[s.Name], n)
			}
		}
	}
	if !slices.Equal(names, []string{"one", "two", "three"}) || !slices.Equal(fit["one"], []int{3, 4}) || !slices.Equal(fit["three"], []int{5}) {
		t.Errorf("%v, %v", names, fit)
	}
	if all[1].Keys["try"] != "`a: b`" || all[2].Keys["try"] != "" {
		t.Errorf("the keys are %v and %v", all[1].Keys, all[2].Keys)
	}
}
