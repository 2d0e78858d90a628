package suite

import (
	"testing"

	"framebyframe/shared/suite/scripts"
)

func TestNumbers(t *testing.T) {
	second := &scripts.Script{Keys: map[string]string{"iss": "-2..0 0x10", "peer-iss": "iss+1"}}
	all, err := numbersOf(second)
	if err != nil || len(all) != 4 || *all[0].ours != 1<<32-2 || *all[2].peers != 1 || *all[3].peers != 0x11 {
		t.Errorf("the numbers are %v, %v", all, err)
	}
}
