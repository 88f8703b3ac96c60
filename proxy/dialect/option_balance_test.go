package dialect

import (
	"strings"
	"testing"
	"time"
)

func TestBalanceOptions(t *testing.T) {
	hash := func(k Key, name string) Balance { return Balance{Method: MethodHash, Key: k, KeyName: name} }
	for text, want := range map[string]struct {
		route    Balance
		instance InstanceBalance
		share    float64
		says     string // of the verdict; "" without one
	}{
		"balance=round-robin":                    {route: Balance{Method: MethodRoundRobin}},
		"balance=least-connections":              {route: Balance{Method: MethodLeastConnections}},
		"balance=least-time":                     {route: Balance{Method: MethodLeastTime}},
		"balance=hash:client-ip":                 {route: hash(KeyClientIP, "")},
		"balance=hash:path":                      {route: hash(KeyPath, "")},
		"balance=hash:header:X-User":             {route: hash(KeyHeader, "x-user")},
		"balance=hash:cookie:sid":                {route: hash(KeyCookie, "sid")},
		"balance=hash:query:user[id]":            {route: hash(KeyQuery, "user[id]")},
		"balance=random":                         {says: "none of round-robin, least-connections"},
		"balance=":                               {says: "none of round-robin"},
		"balance=hash":                           {says: "none of"},
		"balance=hash:header":                    {says: "none of"},
		"balance=hash:header:":                   {says: "no name"},
		"balance=hash:cookie:a;b":                {says: "no name"},
		"balance=hash:query:a&b":                 {says: "no name"},
		"balance=hash:path:x":                    {says: "none of"},
		"balance=hash:path hash-balance=1.25":    {route: Balance{Method: MethodHash, Key: KeyPath, Bound: 1.25}},
		"balance=hash:path hash-balance=1":       {says: "no number above 1"},
		"balance=hash:path hash-balance=NaN":     {says: "no number above 1"},
		"balance=least-time hash-balance=1.25":   {route: Balance{Method: MethodLeastTime}, says: "no effect beside balance=least-time"},
		"balance=least-time balance=round-robin": {route: Balance{Method: MethodRoundRobin}, says: "more than once"},
		"sticky":                                 {route: Balance{Sticky: true}},
		"sticky=sid":                             {route: Balance{Sticky: true, Cookie: "sid"}},
		"sticky=true":                            {route: Balance{Sticky: true}},
		"sticky=off":                             {},
		"sticky=a=b":                             {says: "no name of a cookie"},
		"sticky balance=hash:client-ip":          {route: Balance{Method: MethodHash, Key: KeyClientIP, Sticky: true}},
		"weight=5":                               {instance: InstanceBalance{Weight: 5}},
		"weight=0":                               {says: "is written: backup"},
		"weight=0.05":                            {says: "is written: share=0.05"},
		"weight=70000":                           {says: "no whole number between 1 and 65535"},
		"weight=-1":                              {says: "no whole number"},
		"share=0.05":                             {share: 0.05},
		"share=0":                                {says: "not above 0"},
		"share=x":                                {says: "not a number"},
		"share=0.05 weight=5":                    {share: 0.05, says: "no effect beside share"},
		"backup":                                 {instance: InstanceBalance{Backup: true}},
		"backup=yes":                             {says: "neither on nor off"},
		"max-conns=100":                          {instance: InstanceBalance{MaxConns: 100}},
		"max-conns=0":                            {},
		"max-conns=-1":                           {says: "no whole number between 0"},
		"slow-start=30s":                         {instance: InstanceBalance{SlowStart: 30 * time.Second}},
		"slow-start=30":                          {instance: InstanceBalance{SlowStart: 30 * time.Second}},
		"slow-start=0":                           {says: "no time"},
		"slow-start=-1s":                         {says: "no time"},
		"weight=2 backup max-conns=3 slow-start=1m":  {instance: InstanceBalance{Weight: 2, Backup: true, MaxConns: 3, SlowStart: time.Minute}},
		"sticky redirect=301,/x":                     {says: "no effect beside redirect"},
		"balance=least-time backup redirect=301,/x/": {says: "no effect beside redirect"},
	} {
		rule, verdicts := ParseLine("t/ "+text, PathSegments, Env{})
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
		if rule.Policy.Balance != want.route || rule.Options.Balance != want.instance || rule.Options.Share != want.share {
			t.Errorf("%q: %+v %+v %v", text, rule.Policy.Balance, rule.Options.Balance, rule.Options.Share)
		}
		checkPrint(t, rule, Env{})
	}
}

// In Fabio's tags a weight stays what it is there, and the options of our own lines are none.
func TestFabiosWeightIsAShare(t *testing.T) {
	rule, verdicts := (&line{fabio: true}).read("/a weight=0.2 sticky")
	if rule == nil || rule.Options.Share != 0.2 || rule.Policy.Balance.Sticky || rule.Line() != "/a share=0.2" || len(verdicts) != 1 {
		t.Errorf("%+v %+v", rule, verdicts)
	}
}

func FuzzParseBalance(f *testing.F) {
	for _, seed := range []string{"round-robin", "hash:header:X", "hash:query:a%20b", "hash:cookie:", "hash:client-ip", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBalance(text)
		if err != nil {
			return
		}
		if again, err := ParseBalance(b.String()); err != nil || again != b {
			t.Fatalf("%q: printed as %q, read as %+v %v", text, b.String(), again, err)
		}
	})
}
