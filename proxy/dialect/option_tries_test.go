package dialect

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTriesOptions(t *testing.T) {
	for text, want := range map[string]struct {
		tries Tries
		says  string // of the verdict; "" without one
	}{
		"t/ connect-timeout=500ms":                  {Tries{Connect: 500 * time.Millisecond}, ""},
		"t/ answer-timeout=30":                      {Tries{Answer: 30 * time.Second}, ""},
		"t/ progress-timeout=1m30s":                 {Tries{Progress: 90 * time.Second}, ""},
		"t/ connect-timeout=0":                      {Tries{}, "no time"},
		"t/ connect-timeout=-1s":                    {Tries{}, "no time"},
		"t/ answer-timeout=soon":                    {Tries{}, "no time"},
		"t/ answer-timeout=99999999999999":          {Tries{}, "no time"},
		"t/ answer-timeout=1s answer-timeout=2s":    {Tries{Answer: 2 * time.Second}, "more than once"},
		"t/ next-upstream=error,timeout":            {Tries{Next: NextWritten | NextError | NextTimeout}, ""},
		"t/ next-upstream=http_503|non_idempotent":  {Tries{Next: NextWritten | Next503 | NextNonIdempotent}, ""},
		"t/ next-upstream=invalid_header,404,429":   {Tries{Next: NextWritten | NextInvalid | Next404 | Next429}, ""},
		"t/ next-upstream=off":                      {Tries{Next: NextWritten}, ""},
		"t/ next-upstream=off,error":                {Tries{}, "off stands alone"},
		"t/ next-upstream=":                         {Tries{}, "names no case"},
		"t/ next-upstream=non-idempotent":           {Tries{}, "names no case"},
		"t/ next-upstream=505":                      {Tries{}, "505 is not one of error"},
		"t/ tries=3":                                {Tries{Most: 3}, ""},
		"t/ tries=0":                                {Tries{}, "no effect"},
		"t/ tries=-1":                               {Tries{}, "no number"},
		"t/ tries=many":                             {Tries{}, "no number"},
		"t/ tries=3 redirect=301,/":                 {Tries{}, "no effect beside redirect"},
		"t/ connect-timeout=bad redirect=301,/":     {Tries{}, "no time"},
		"t/ tries=2 next-upstream=503 weight=1":     {Tries{Most: 2, Next: NextWritten | Next503}, ""},
		"t/ tries=2 tries=2 connect-timeout=1s x=y": {Tries{Most: 2, Connect: time.Second}, "more than once"},
		"t/ fallback=service:b|service:c":           {Tries{Fallback: []ServiceName{{Name: "b"}, {Name: "c"}}}, ""},
		"t/ fallback=service:b fallback=service:c":  {Tries{Fallback: []ServiceName{{Name: "b"}, {Name: "c"}}}, ""},
		"t/ fallback=service:b@dc2|service:b@c@":    {Tries{Fallback: []ServiceName{{"b", "dc2"}, {Name: "b@c"}}}, ""},
		"t/ failover=DC2":                           {Tries{Failover: "dc2"}, ""},
		"t/ failover=dc2,dc3":                       {Tries{}, "names one datacenter"},
		"t/ failover=d.c":                           {Tries{}, "no name of a datacenter"},
		"t/ failover=":                              {Tries{}, "no name of a datacenter"},
		"t/ failover=dc2 redirect=301,/":            {Tries{}, "no effect beside redirect"},
		"t/ fallback=b":                             {Tries{}, "want service:NAME"},
		"t/ fallback=service:":                      {Tries{}, "want service:NAME"},
		"t/ fallback=service:b,service:b":           {Tries{Fallback: []ServiceName{{Name: "b"}}}, "twice"},
		"t/ fallback=service:b redirect=301,/":      {Tries{}, "no effect beside redirect"},
		"t/ on=502,none:404":                        {Tries{On: []On{{Statuses: []int{502}, None: true, Status: 404}}}, ""},
		"t/ on=503:https://status.example/ on=none|502:service:b intercept=on": {Tries{Intercept: true, On: []On{
			{Statuses: []int{503}, Redirect: &Redirect{Code: 302, URL: "https://status.example/"}}, {Statuses: []int{502}, None: true, Service: ServiceName{Name: "b"}}}}, ""},
		"t/ on=503":                   {Tries{}, "want statuses"},
		"t/ on=200:404":               {Tries{}, "200 is neither"},
		"t/ on=503:200":               {Tries{}, "no status between"},
		"t/ on=503:page":              {Tries{}, "neither a status"},
		"t/ on=403:service:b":         {Tries{}, "sent to no service"},
		"t/ on=503:service:":          {Tries{}, "name of a service"},
		"t/ intercept=on":             {Tries{}, "without on="},
		"t/ intercept=yes":            {Tries{}, "neither on nor off"},
		"t/ on=503:404 intercept=off": {Tries{On: []On{{Statuses: []int{503}, Status: 404}}}, ""},
	} {
		rule, verdicts := ParseLine(text, PathSegments, Env{})
		told := ""
		for _, v := range verdicts {
			told += v.Reason
		}
		if (want.says == "") != (told == "") || !strings.Contains(told, want.says) {
			t.Errorf("%q: told %q, want %q", text, told, want.says)
		}
		if rule == nil {
			continue
		}
		if !reflect.DeepEqual(rule.Policy.Tries, want.tries) {
			t.Errorf("%q: %+v", text, rule.Policy.Tries)
		}
		again, verdicts := ParseLine("t/ "+strings.Join(rule.Words(), " "), PathSegments, Env{})
		if again == nil || len(verdicts) > 0 || !reflect.DeepEqual(again.Policy.Tries, want.tries) {
			t.Errorf("%q: printed as %q", text, rule.Words())
		}
	}
}

func FuzzParseNext(f *testing.F) {
	for _, seed := range []string{"error,timeout", "off", "http_503|non_idempotent", "invalid-header,,404", "OFF|off"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNext(text)
		if (err == nil) != n.Written() {
			t.Fatalf("%q: %v %v", text, n, err)
		}
		if err != nil {
			return
		}
		if again, err := ParseNext(n.String()); err != nil || again != n {
			t.Fatalf("%q: printed as %q, read as %v %v", text, n, again, err)
		}
	})
}

func FuzzOn(f *testing.F) {
	for _, seed := range []string{"502,none:404", "503:https://h/$path", "none:service:b", ":", "404|404:/x", "503:302", "500:page:/p", "502:respond:200,soon, or later", "none:respond:503"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := line{env: Env{Writer: WriterOperator}}
		if setOn(&l, text) != nil {
			return
		}
		on := l.rule.Policy.Tries.On[0]
		again := line{env: l.env}
		if err := setOn(&again, on.String()); err != nil || !reflect.DeepEqual(again.rule.Policy.Tries.On[0], on) {
			t.Fatalf("%q: printed as %q, read as %+v %v", text, on.String(), again.rule.Policy.Tries.On, err)
		}
	})
}
