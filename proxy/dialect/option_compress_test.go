package dialect

import (
	"slices"
	"strings"
	"testing"
)

func TestCompressOptions(t *testing.T) {
	for text, want := range map[string]struct {
		words string // as printed
		says  string // of the verdicts; "" without one
	}{
		"compress":                             {"compress", ""},
		"compress=on":                          {"compress", ""},
		"compress=off":                         {"", ""},
		"compress=gzip":                        {"compress=gzip", ""},
		"compress=br,gzip":                     {"compress=br|gzip", ""},
		"compress=zstd|br|gzip":                {"compress", ""},
		"compress=deflate":                     {"-", "there are gzip, zstd and br"},
		"compress=gzip|":                       {"-", "there are gzip, zstd and br"},
		"compress=gzip|gzip":                   {"-", "twice"},
		"compress compress-types=text/*|A/B":   {"compress compress-types=text/*|a/b", ""},
		"compress compress-types=*":            {"compress compress-types=*", ""},
		"compress compress-types=text":         {"-", "no content type"},
		"compress compress-types=":             {"-", "no content type"},
		"compress compress-types=te<xt/html":   {"-", "no content type"},
		"compress compress-min-size=20k":       {"compress compress-min-size=20480", ""},
		"compress compress-min-size=0":         {"compress compress-min-size=1", ""},
		"compress compress-min-size=-1":        {"-", "want a size"},
		"compress compress-min-size=9999999m":  {"-", "want a size"},
		"compress-types=text/html":             {"", "without compress"},
		"compress-min-size=5":                  {"", "without compress"},
		"compress=off compress-min-size=5":     {"", "without compress"},
		"compress redirect=301,https://other/": {"redirect=301,https://other/", "no effect beside an answer"},
	} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{})
		told := ""
		for _, v := range verdicts {
			told += v.Reason + "; "
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule == nil {
			if want.words != "-" {
				t.Errorf("%q is refused: %s", text, told)
			}
			continue
		}
		words := strings.Join(rule.Words(), " ")
		if words != want.words {
			t.Errorf("%q: printed %q, want %q", text, words, want.words)
		}
		if again, _ := ParseLine("t/ "+words, PathSegments, Env{}); again == nil || !slices.Equal(again.Words(), rule.Words()) {
			t.Errorf("%q is not read as it is printed", words)
		}
	}
}
