package dialect

import (
	"slices"
	"strings"
	"testing"
)

func TestFilesOptions(t *testing.T) {
	for text, want := range map[string]struct {
		words string // as printed; "-" is refused
		says  string // of the verdicts; "" without one
	}{
		"files=/srv/www":    {"files=/srv/www", ""},
		"files=/srv/./www/": {"files=/srv/www", ""},
		"files=srv":         {"-", "want the path of a folder"},
		"files=":            {"-", "want the path of a folder"},
		"files=/":           {"-", "want the path of a folder"},
		"files=/srv/..":     {"-", "want the path of a folder"},
		"files=/a try=\"$uri $uri/ /index.html\"": {"files=/a try=$uri|$uri/|/index.html", ""},
		"files=/a try=$uri|$uri.html|=404":        {"files=/a try=$uri|$uri.html|=404", ""},
		"files=/a try=$uri,/x":                    {"files=/a try=$uri|/x", ""},
		"files=/a try=":                           {"-", "1 to 8 paths"},
		"files=/a try=/1|/2|/3|/4|/5|/6|/7|/8|/9": {"-", "1 to 8 paths"},
		"files=/a try==404":                       {"-", "=404 alone"},
		"files=/a try=$uri|=403":                  {"-", "=404 alone"},
		"files=/a try=$uri|@app":                  {"-", "neither a path"},
		"files=/a try=$args":                      {"-", "neither a path"},
		"files=/a try=/x$args":                    {"-", "$uri alone"},
		"files=/a try=/../x":                      {"-", "goes upwards"},
		"files=/a try=$uri/..":                    {"-", "goes upwards"},
		"files=/a cache=1h":                       {"files=/a cache=1h0m0s", ""},
		"files=/a cache=30d":                      {"files=/a cache=720h0m0s", ""},
		"files=/a cache=1500ms":                   {"files=/a cache=1s", ""},
		"files=/a cache=0":                        {"files=/a cache=0", ""},
		"files=/a cache=off":                      {"files=/a cache=0", ""},
		"files=/a cache=-1s":                      {"-", "want a time"},
		"files=/a cache=4000d":                    {"-", "want a time"},
		"files=/a cache=x":                        {"-", "want a time"},
		"files=/a compress":                       {"compress files=/a", ""},
		"files=/a host=x":                         {"files=/a", "host has no effect beside files"},
		"try=$uri cache=1h":                       {"", "no effect without files"},
	} {
		operator := Env{Writer: WriterOperator}
		rule, verdicts := ParseLine("t/ "+text, PathSegments, operator)
		told := ""
		for _, v := range verdicts {
			told += v.Reason + "; "
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule == nil || want.words == "-" {
			if rule != nil || want.words != "-" {
				t.Errorf("%q: %+v, %s", text, rule, told)
			}
			continue
		}
		words := strings.Join(rule.Words(), " ")
		if words != want.words {
			t.Errorf("%q: printed %q, want %q", text, words, want.words)
		}
		if again, _ := ParseLine("t/ "+words, PathSegments, operator); again == nil || !slices.Equal(again.Words(), rule.Words()) {
			t.Errorf("%q is not read as it is printed", words)
		}
		for _, w := range []Writer{WriterTag, WriterKV} {
			if rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{Writer: w}); rule != nil || !strings.Contains(verdicts[0].Reason, "only the operator") {
				t.Errorf("%q in a tag or KV: %+v %v", text, rule, verdicts)
			}
		}
	}
}

func TestOnlyTheOperatorNamesAnAnswer(t *testing.T) {
	for text, want := range map[string]string{`on="502,none:respond:200,soon, or later"`: "", "on=502:respond:503": "", "on=502:respond:302,/x": "want a status",
		"on=502:respond:": "want a status", "on=502:respond:204,text": "has no text"} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{Writer: WriterOperator})
		if (want == "") != (rule != nil) || want != "" && !strings.Contains(verdicts[0].Reason, want) {
			t.Errorf("%s: %+v %v", text, rule, verdicts)
		}
		if rule != nil && strings.Join(rule.Words(), " ") != text {
			t.Errorf("%s: printed %q", text, rule.Words())
		}
		for _, w := range []Writer{WriterTag, WriterKV} {
			if rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{Writer: w}); rule != nil || !strings.Contains(verdicts[0].Reason, "only the operator") {
				t.Errorf("%s in a tag or KV: %+v %v", text, rule, verdicts)
			}
		}
	}
}

func TestOnlyTheOperatorNamesAPage(t *testing.T) {
	for text, want := range map[string]string{"on=404:page:/srv/404.html": "", "on=404:page:/srv/./404.html": "", "on=404:page:404.html": "no path of a file", "on=404:page:": "no path of a file", "on=404:page:/": "no path of a file", "on=404:page:/srv/./e/": ""} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{Writer: WriterOperator})
		if (want == "") != (rule != nil) || want != "" && !strings.Contains(verdicts[0].Reason, want) {
			t.Errorf("%s: %+v %v", text, rule, verdicts)
		}
		printed := strings.ReplaceAll(text, "./", "")
		if rule != nil && strings.Join(rule.Words(), " ") != printed {
			t.Errorf("%s: printed %q", text, rule.Words())
		}
		for _, w := range []Writer{WriterTag, WriterKV} {
			if rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{Writer: w}); rule != nil || !strings.Contains(verdicts[0].Reason, "only the operator") {
				t.Errorf("%s in a tag or KV: %+v %v", text, rule, verdicts)
			}
		}
	}
}
