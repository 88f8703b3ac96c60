package dialect

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsOfALine(t *testing.T) {
	for text, want := range map[string][]string{
		`/a`:                               {"/a"},
		"  /a \t strip=/a ":                {"/a", "strip=/a"},
		`/a x="b c" y=d`:                   {"/a", "x=b c", "y=d"},
		`/a x="\"b\" \\ \d" y`:             {"/a", `x="b" \ \d`, "y"},
		`/a x="" y=`:                       {"/a", "x=", "y="},
		`/a x=\d+\\`:                       {"/a", `x=\d+\\`},
		`/a x="#b" # a "remark`:            {"/a", "x=#b"},
		`# nothing but a remark`:           nil,
		`/a redirect=301,https://x/#there`: {"/a", "redirect=301,https://x/#there"},
		``:                                 nil,
	} {
		got, err := splitWords(text, true)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`/a x="b`: "second", `/a x="b"c`: "behind", `/a x=b"c"`: "whole value", `/a "x=b c"`: "whole value", `"/a" x`: "whole value", `/a x="\"`: "second",
		`/a x=y="b"`: "whole value",
	} {
		if got, err := splitWords(text, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want an error about %s", text, got, err, want)
		}
	}
	if got, err := splitWords("/a #b", false); err != nil || len(got) != 2 {
		t.Errorf("a remark in a tag: %q, %v", got, err)
	}
}

// Whatever a value holds, it is read as it was printed.
func FuzzQuoted(f *testing.F) {
	for _, v := range []string{"", "a", "a b", `"`, `\`, `\"`, `a\ b`, "#", "\t", `=`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := splitWords("/a "+quoted("x", value)+" y", true)
		want := []string{"/a", strings.TrimSuffix("x="+value, "="), "y"}
		if value != "" {
			want[1] = "x=" + value
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", value, got, err, want)
		}
	})
}
