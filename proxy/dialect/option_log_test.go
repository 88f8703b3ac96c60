package dialect

import (
	"strings"
	"testing"
)

func TestAccessLogOption(t *testing.T) {
	for text, want := range map[string]struct {
		off  bool
		says string // of the verdict; "" without one
	}{
		"t/ access-log=off":                {true, ""},
		"t/ access-log=on":                 {false, ""},
		"t/":                               {false, ""},
		"t/ access-log=json":               {false, "neither off nor on"},
		"t/ access-log":                    {false, "neither off nor on"},
		"t/ access-log=off access-log=on":  {false, "more than once"},
		"t/ access-log=off redirect=301,/": {true, ""},
	} {
		rule, verdicts := ParseLine(text, PathSegments, Env{})
		told := ""
		for _, v := range verdicts {
			told += v.Reason
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule != nil && rule.Policy.Log.Off != want.off {
			t.Errorf("%q: off is %t", text, rule.Policy.Log.Off)
		}
	}
}
