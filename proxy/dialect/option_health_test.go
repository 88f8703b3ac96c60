package dialect

import (
	"strings"
	"testing"
	"time"
)

func TestHealthOptions(t *testing.T) {
	for text, want := range map[string]struct {
		health InstanceHealth
		says   string // of the verdict; "" without one
	}{
		"t/ max-fails=3 fail-timeout=30s":     {InstanceHealth{MaxFails: 3, Fails: true, FailTimeout: 30 * time.Second}, ""},
		"t/ max-fails=0":                      {InstanceHealth{Fails: true}, ""},
		"t/ fail-timeout=5":                   {InstanceHealth{FailTimeout: 5 * time.Second}, ""},
		"t/ max-fails=-1":                     {InstanceHealth{}, "no number"},
		"t/ max-fails=few":                    {InstanceHealth{}, "no number"},
		"t/ max-fails=99999999999999999999":   {InstanceHealth{}, "no number"},
		"t/ fail-timeout=0":                   {InstanceHealth{}, "no time"},
		"t/ fail-timeout=-1s":                 {InstanceHealth{}, "no time"},
		"t/ fail-timeout=later":               {InstanceHealth{}, "no time"},
		"t/ max-fails=1 max-fails=2":          {InstanceHealth{MaxFails: 2, Fails: true}, "more than once"},
		"t/ max-fails=2 redirect=301,/":       {InstanceHealth{}, "no effect beside redirect"},
		"t/ max-fails=2 weight=1 tries=2 a=b": {InstanceHealth{MaxFails: 2, Fails: true}, ""},
	} {
		rule, verdicts := ParseLine(text, PathSegments, Env{})
		told := ""
		for _, v := range verdicts {
			told += v.Reason
		}
		if want.says == "" && told != "" && !strings.Contains(text, "a=b") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule != nil && rule.Options.Health != want.health {
			t.Errorf("%q: %+v, want %+v", text, rule.Options.Health, want.health)
		}
	}
	for want, h := range map[time.Duration]InstanceHealth{10 * time.Second: {Fails: true, MaxFails: 5}, time.Minute: {FailTimeout: time.Minute}, 0: {}} {
		fails, got, ok := h.Rule()
		if got != want || ok != (h != InstanceHealth{}) || ok && fails != max(1, h.MaxFails) {
			t.Errorf("%+v: %d %v %v", h, fails, got, ok)
		}
	}
}
