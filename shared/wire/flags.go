package wire

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// AddFlags registers the flags -loss -duplicate -reorder -corrupt (5%), -delay
// -jitter (20ms), -rate (10mbit), -seed and, if describe is not nil, -drop. The
// values that f has already are the defaults.
//
// -drop N:TEXT loses the Nth frame on its way out whose description, made by
// describe, contains TEXT. -drop N stands for N:topmost, where topmost is the
// word in each description of the frames that a bare number counts. The flag may
// be repeated, and each one counts for itself.
func (f *Faults) AddFlags(fs *flag.FlagSet, describe func(frame []byte) string, topmost string) {
	fs.Var((*percent)(&f.Loss), "loss", "lose `5%` of the frames, in each direction")
	fs.Var((*percent)(&f.Duplicate), "duplicate", "let `1%` of the frames arrive twice")
	fs.Var((*percent)(&f.Reorder), "reorder", "let `1%` of the frames be overtaken by 1 to 3 later ones")
	fs.Var((*percent)(&f.Corrupt), "corrupt", "change one bit in `0.1%` of the frames")
	fs.Var((*delay)(&f.Delay), "delay", "let each frame take `20ms`, in each direction")
	fs.Var((*delay)(&f.Jitter), "jitter", "vary the delay by up to `5ms`; the order stays")
	fs.Var((*rate)(&f.Rate), "rate", "let the cable carry `10mbit` per second, in each direction")
	fs.Var((*seed)(&f.Seed), "seed", "`number` that chooses which frames the faults hit")
	if describe != nil {
		d := &drops{describe: describe, topmost: topmost}
		fs.Func("drop", "lose the Nth frame sent whose trace line contains TEXT (`N:TEXT`);\n"+
			"N alone stands for N:"+topmost+"; repeatable", func(s string) error {
			f.DropOut = d.match
			return d.add(s)
		})
	}
}

// percent is a share of 0 to 1, written 5% or 0.1%.
type percent float64

func (p *percent) Set(s string) error {
	number, ok := strings.CutSuffix(s, "%")
	v, err := decimal(number)
	if err != nil || v > 100 || !ok && s != "0" {
		return errors.New("want a percentage from 0% to 100%, such as 5% or 0.1%")
	}
	*p = percent(v / 100)
	return nil
}

func (p *percent) String() string {
	if *p == 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(*p)*100, 'g', 6, 64) + "%"
}

// maxDelay keeps every sum of a delay and an instant inside an int64.
const maxDelay = time.Hour

// delay is a time on the cable.
type delay time.Duration

func (d *delay) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 || v > maxDelay {
		return errors.New("want a time from 0s to 1h, such as 20ms or 1.5s")
	}
	*d = delay(v)
	return nil
}

func (d *delay) String() string { return time.Duration(*d).String() }

// rate is a speed in bit/s, written with tc's units, which are decimal.
type rate int64

var rateUnits = []struct {
	name string
	bits float64
}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}} // "bit" ends all others

// maxRate is far above any cable, and below what an int64 holds.
const maxRate = 1e12

func (r *rate) Set(s string) error {
	for _, u := range rateUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		v, err := decimal(number)
		if v = math.Round(v * u.bits); err != nil || v < 1 || v > maxRate {
			break
		}
		*r = rate(v)
		return nil
	}
	return errors.New("want a speed from 1bit to 1000gbit, such as 512kbit or 10mbit")
}

func (r *rate) String() string {
	if *r == 0 {
		return ""
	}
	for _, u := range rateUnits {
		if n := int64(u.bits); int64(*r)%n == 0 {
			return fmt.Sprintf("%d%s", int64(*r)/n, u.name)
		}
	}
	return "" // not reached: every number is a multiple of 1
}

// seed is where the dice begin.
type seed uint64

func (s *seed) Set(text string) error {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("want a number from 0 to %d", uint64(math.MaxUint64))
	}
	*s = seed(v)
	return nil
}

func (s *seed) String() string { return strconv.FormatUint(uint64(*s), 10) }

// decimal reads digits with or without a point. ParseFloat alone would also
// take signs, exponents, hexadecimal, Inf and NaN.
func decimal(s string) (float64, error) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}
