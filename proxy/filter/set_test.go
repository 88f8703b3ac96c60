package filter

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// memory keeps everything.
type memory map[string]any

func (m memory) Keep(name string, create func() any) any {
	if _, ok := m[name]; !ok {
		m[name] = create()
	}
	return m[name]
}

func TestRestrictionsAddUp(t *testing.T) {
	common := NewCommon(outside.Gate{})
	limit := dialect.RateLimit{Count: 1, Per: time.Second, Burst: 1}
	older := &dialect.Filters{MaxBody: 10, RequestFields: []dialect.FieldChange{{Kind: dialect.ChangeSet, Name: "A", Value: "1"}}, RateLimits: []dialect.RateLimit{limit}}
	younger := &dialect.Filters{MaxBody: 5, CORS: &dialect.CORS{Origins: []string{"*"}}, RateLimits: []dialect.RateLimit{limit, {Count: 2, Per: time.Second, Burst: 2}},
		Auth: &dialect.BasicAuth{Users: []dialect.User{user(t, "anna:"+sha)}}, ForwardAuth: &dialect.ForwardAuth{Service: "gate", Path: "/", Headers: []string{"X-User"}}}
	kept := memory{}
	s := New(common, kept, []*dialect.Filters{older, younger, {}, younger})
	if len(s.RateLimits) != 2 || len(s.Auths) != 1 || len(s.ForwardAuths) != 1 || !s.Blocking {
		t.Errorf("%+v", s)
	}
	if s.MaxBody != 10 || s.CORS != nil || len(s.Request.Added()) != 1 {
		t.Errorf("the older one does not decide: %+v", s)
	}
	for name, want := range map[string]bool{"authorization": true, "x-user": true, "a": true, "x-other": false} {
		if s.Request.Drops(name) != want {
			t.Errorf("%s is dropped: %v", name, !want)
		}
	}
	if again := New(common, kept, []*dialect.Filters{older}); again.RateLimits[0] != s.RateLimits[0] || again.Blocking || again.Request.Drops("authorization") {
		t.Error("what was counted is lost with another table")
	}
	if s := New(common, kept, []*dialect.Filters{{}, {MaxBody: 3}}); s != nil {
		t.Errorf("nothing is in effect, and costs: %+v", s)
	}
}

func TestChangesOfFields(t *testing.T) {
	of := func(kind dialect.ChangeKind) func(name, value string) dialect.FieldChange {
		return func(name, value string) dialect.FieldChange {
			return dialect.FieldChange{Kind: kind, Name: name, Value: value}
		}
	}
	set, add, remove := of(dialect.ChangeSet), of(dialect.ChangeAdd), of(dialect.ChangeRemove)
	for _, c := range []struct {
		changes []dialect.FieldChange
		added   string
		drops   bool
	}{
		{nil, "", false}, {[]dialect.FieldChange{set("X-A", "1")}, "1", true}, {[]dialect.FieldChange{add("X-A", "1")}, "1", false},
		{[]dialect.FieldChange{add("X-A", "1"), add("x-a", "2")}, "12", false}, {[]dialect.FieldChange{add("X-A", "1"), set("x-a", "2")}, "2", true},
		{[]dialect.FieldChange{set("X-A", "1"), remove("X-a", "")}, "", true}, {[]dialect.FieldChange{remove("X-A", ""), add("X-A", "1")}, "1", true},
	} {
		got := changesOf(c.changes)
		text := ""
		for _, f := range got.Added() {
			text += f.Value
		}
		if text != c.added || got.Drops("x-A") != c.drops || got.Drops("x_A") || got.Drops("X-AB") {
			t.Errorf("%+v: adds %q, drops %v", c.changes, text, got.Drops("x-A"))
		}
	}
}

// Never does any page get answers with the visitor's cookies.
func TestCredentialsNeverGoWithAnyOrigin(t *testing.T) {
	for _, c := range []*dialect.CORS{
		{Origins: []string{"https://a.test", "http://*.b.test:81"}, Credentials: true}, {Origins: []string{"*"}}, {Origins: []string{"https://a.test"}},
	} {
		filter := corsOf(c)
		for origin, known := range map[string]bool{
			"https://a.test": true, "http://x.b.test:81": true, "http://x.y.b.test:81": true, "http://b.test:81": false, "https://x.b.test:81": false, "http://evilb.test:81": false,
			"http://x.b.test:81.evil.test": false, "http://evil.test/.b.test:81": false, "http://evil@.b.test:81": false, "null": false, "": false, "*": false, "https://A.test": false,
		} {
			request := []http1.Field{http1.NewField("Origin", origin), http1.NewField("Access-Control-Request-Method", "PUT")}
			for _, fields := range [][]http1.Field{filter.AppendAnswer(nil, request), filter.AppendPreflight(nil, request)} {
				allowed, credentials := value(fields, "Access-Control-Allow-Origin"), value(fields, "Access-Control-Allow-Credentials")
				switch {
				case credentials != "" && (allowed == "*" || !c.Credentials), allowed == "*" && c.Origins[0] != "*", allowed != "" && allowed != "*" && allowed != origin,
					allowed != "" && allowed != "*" && !known, allowed != "" && allowed != "*" && value(fields, "Vary") == "":
					t.Errorf("%v: %s gets %v", c, origin, fields)
				}
			}
		}
	}
	twice := []http1.Field{http1.NewField("Origin", "https://a.test"), http1.NewField("origin", "https://a.test")}
	if IsPreflight("OPTIONS", twice) {
		t.Error("two origins are one")
	}
}
