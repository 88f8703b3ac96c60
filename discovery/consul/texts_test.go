package consul

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

// put writes a key, or deletes it where value is "".
func put(t *testing.T, address, key, value string) {
	t.Helper()
	method := http.MethodPut
	if value == "" {
		method = http.MethodDelete
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/v1/kv/"+key, strings.NewReader(value))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%+v %v", response, err)
	}
	response.Body.Close()
}

func shownTexts(list []*discovery.Text) string {
	text := ""
	for _, x := range list {
		text += x.Name + "=" + strings.Join(x.Lines, "|") + ";"
	}
	return text
}

// TestTextsOfARealAgent: keys come and go, and a blocking question is answered when they do.
func TestTextsOfARealAgent(t *testing.T) {
	address := realAgent(t)
	catalogue, err := NewCatalogue(Options{Config: Config{Address: address, Stale: true}})
	if err != nil {
		t.Fatal(err)
	}
	none, err := catalogue.Texts(t.Context(), discovery.Query{})
	if err != nil || len(none.Texts) != 0 || none.IndexBad {
		t.Fatalf("nothing there: %+v %v", none, err)
	}
	put(t, address, RoutesPrefix+"b c", "one\r\n# two\n")
	put(t, address, RoutesPrefix+"a/d", "three")
	put(t, address, RoutesPrefix+"empty/", "")
	put(t, address, "pointsman/other", "x")
	index := none.Index
	for _, c := range []struct {
		change func()
		want   string
	}{
		{func() {}, "pointsman/routes/a/d=three;pointsman/routes/b c=one|# two;"},
		{func() { put(t, address, RoutesPrefix+"a/d", "") }, "pointsman/routes/b c=one|# two;"},
		{func() { put(t, address, RoutesPrefix+"b c", "") }, ""},
	} {
		c.change()
		answer, err := catalogue.Texts(t.Context(), discovery.Query{Index: index, Wait: time.Minute})
		if err != nil || shownTexts(answer.Texts) != c.want || answer.Index <= index {
			t.Errorf("%s %+v %v, want %s", shownTexts(answer.Texts), answer.Meta, err, c.want)
		}
		index = answer.Index
	}
}

// TestTextsStayWhenTheAgentIsWiped: what was in KV is served on when the agent dies, and when another one without it takes its place.
func TestTextsStayWhenTheAgentIsWiped(t *testing.T) {
	held := make(chan string, 1)
	texts := []stored{{Key: RoutesPrefix + "a", Value: []byte("one"), CreateIndex: 90}}
	index, down := 100, false
	server, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		defer func(h string) { held <- h }(<-held)
		if down {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("X-Consul-Index", fmt.Sprint(index))
		if !strings.HasPrefix(r.URL.Path, "/v1/kv/") {
			fmt.Fprint(w, `{}`)
			return
		}
		if len(texts) == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `[{"Key":%q,"CreateIndex":%d,"Value":%q}]`, texts[0].Key, texts[0].CreateIndex, base64.StdEncoding.EncodeToString(texts[0].Value))
	})
	held <- ""
	w := discovery.NewWatcher(discovery.Options{Catalogue: server, Log: zerolog.Nop()})
	go func() { _ = w.Run(t.Context()) }()
	first := <-w.Snapshots()
	if shownTexts(first.Texts) != "pointsman/routes/a=one;" {
		t.Fatalf("%s", shownTexts(first.Texts))
	}
	change := func(do func()) { h := <-held; do(); held <- h }
	change(func() { down = true })
	select {
	case s := <-w.Snapshots():
		t.Errorf("down: %s", shownTexts(s.Texts))
	case <-time.After(300 * time.Millisecond):
	}
	change(func() { down, index, texts = false, 5, nil })
	select {
	case s := <-w.Snapshots():
		t.Errorf("wiped: %s", shownTexts(s.Texts))
	case <-time.After(1500 * time.Millisecond):
	}
}

func TestTextsThatCannotBeUsed(t *testing.T) {
	many := strings.Repeat(`{"Key":"pointsman/routes/x","Value":"YQ=="},`, maxTexts)
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		denied bool
	}{
		"null":           {200, nil, "null", false},
		"cut":            {200, nil, `[{"Key":"a"`, false},
		"no base64":      {200, nil, `[{"Key":"a","Value":"!"}]`, false},
		"too many":       {200, nil, "[" + many + `{"Key":"pointsman/routes/y","Value":"YQ=="}]`, false},
		"too many lines": {200, nil, `[{"Key":"a","Value":"` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\n", maxLines+1))) + `"}]`, false},
		"an error":       {500, nil, "no", false},
		"no right":       {403, nil, "Permission denied", true},
		"all taken away": {404, map[string]string{"X-Consul-Results-Filtered-By-ACLs": "true"}, "", true},
	} {
		catalogue, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query()["recurse"] == nil {
				t.Errorf("asked %s", r.URL)
			}
			w.Header().Set("X-Consul-Index", "7")
			for k, v := range c.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		if a, err := catalogue.Texts(t.Context(), discovery.Query{}); err == nil || errors.Is(err, discovery.ErrDenied) != c.denied {
			t.Errorf("%s: %d texts, %v", name, len(a.Texts), err)
		}
	}
}

// TestTextsOfTwoPlaces: a change of either is answered, with both.
func TestTextsOfTwoPlaces(t *testing.T) {
	address := realAgent(t)
	const other = "fabio/config"
	catalogue, err := NewCatalogue(Options{Config: Config{Address: address, Stale: true}, Routes: other})
	if err != nil {
		t.Fatal(err)
	}
	var last discovery.TextAnswer
	for i, c := range []struct{ key, value, want string }{
		{"fabio/configuration", "x", ""},
		{other, "route add", "fabio/config=route add;"},
		{RoutesPrefix + "a", "one", "pointsman/routes/a=one;fabio/config=route add;"},
		{other + "/b", "two", "pointsman/routes/a=one;fabio/config=route add;fabio/config/b=two;"},
		{RoutesPrefix + "a", "", "fabio/config=route add;fabio/config/b=two;"},
		{other, "", "fabio/config/b=two;"},
	} {
		put(t, address, c.key, c.value)
		answer, err := catalogue.Texts(t.Context(), discovery.Query{Index: last.Index, Wait: 10 * time.Second})
		if err != nil || shownTexts(answer.Texts) != c.want || answer.Index <= last.Index {
			t.Errorf("%d: %s %+v %v, want %s", i, shownTexts(answer.Texts), answer.Meta, err, c.want)
		}
		last = answer
	}
	again, err := catalogue.Texts(t.Context(), discovery.Query{Index: last.Index, Wait: 10 * time.Millisecond})
	if err != nil || again.Index != last.Index || shownTexts(again.Texts) != shownTexts(last.Texts) {
		t.Errorf("nothing has changed: %+v %v", again, err)
	}
}
