package conformance

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// conditioned are the lines of services, each of which answers with its name.
var conditioned = map[string]string{
	"any":      "c.test/",
	"method":   "c.test/method method=PUT|delete",
	"header":   "c.test/header header=X-Canary:1|two",
	"present":  "c.test/header header=x-any",
	"both":     "c.test/header header=X-Any header=X-Canary:1",
	"query":    `c.test/query query="v:a b|2"`,
	"cookie":   "c.test/cookie cookie=sid:abc",
	"client":   "c.test/client client=127.0.0.0/8",
	"outside":  "c.test/outside client=10.0.0.0/8|192.0.2.1",
	"listener": "c.test/listener listener=main",
	"another":  "c.test/another listener=another",
	"exact":    "c.test/exact path=exact",
	"letters":  "c.test/letters path=prefix",
	"number":   "c.test/u path-regexp=^/u/[0-9]+$",
	"first":    "c.test/rank/ priority=5",
	"last":     "c.test/rank/long/er priority=-5",
	"version":  "c.test/version header-regexp=X-Version:^1[.]",
	"nobot":    "c.test/bots not-header-regexp=User-Agent:(?i)bot not-header=X-Debug:1 not-method=DELETE",
	"digits":   "c.test/digits query-regexp=v:^[0-9]+$ not-query=debug",
	"noadmin":  "c.test/area not-path-regexp=^/area/admin not-cookie=role:admin",
	"away":     "c.test/away not-client=10.0.0.0/8 not-listener=another",
	"home":     "c.test/home not-client=127.0.0.0/8",
	"hosted":   "/hosted host-regexp=^[a-z]+[.]test$",
	"between":  "c.test/rank/long/er/ path-regexp=never",
}

// conditionCases say who answers.
var conditionCases = []struct{ method, target, fields, want string }{
	{"GET", "/method", "", "any"}, {"PUT", "/method", "", "method"}, {"DELETE", "/method/x", "", "method"},
	{"GET", "/header", "", "any"}, {"GET", "/header", "x-canary: two", "header"}, {"GET", "/header", "X-Canary: 3", "any"},
	{"GET", "/header", "X-Any: 3", "present"}, {"GET", "/header", "X-Any: 3\nX-Canary: 1", "both"}, {"GET", "/header", "X-Canary: 3\nX-Canary: 1", "header"},
	{"GET", "/query", "", "any"}, {"GET", "/query?v=2", "", "query"}, {"GET", "/query?x&v=a+b", "", "query"}, {"GET", "/query?%76=a%20b", "", "query"},
	{"GET", "/query?v=22", "", "any"}, {"GET", "/query?v", "", "any"}, {"GET", "/query?vv=2", "", "any"},
	{"GET", "/cookie", "Cookie: a=b; sid=abc", "cookie"}, {"GET", "/cookie", "Cookie: sid=ab", "any"}, {"GET", "/cookie", "Cookie: xsid=abc", "any"},
	{"GET", "/client", "", "client"}, {"GET", "/client", "X-Forwarded-For: 127.0.0.9", "client"}, {"GET", "/client", "X-Forwarded-For: 10.0.0.1", "403"},
	{"GET", "/outside", "", "any"}, {"GET", "/outside", "X-Forwarded-For: 10.0.0.1", "any"},
	{"GET", "/listener", "", "listener"}, {"GET", "/another", "", "any"},
	{"GET", "/exact", "", "exact"}, {"GET", "/exact?q", "", "exact"}, {"GET", "/exact/", "", "any"}, {"GET", "/exact/x", "", "any"},
	{"GET", "/letters", "", "letters"}, {"GET", "/lettersX", "", "letters"}, {"GET", "/letter", "", "any"},
	{"GET", "/u/12", "", "number"}, {"GET", "/u/1x", "", "any"}, {"GET", "/u", "", "any"}, {"GET", "/v/../u/7", "", "number"},
	{"GET", "/version", "X-Version: 1.2", "version"}, {"GET", "/version", "X-Version: 2.1", "any"}, {"GET", "/version", "X-Version: 2.1\nx-version: 1.0", "version"},
	{"GET", "/bots", "", "nobot"}, {"GET", "/bots", "User-Agent: GoogleBot", "any"}, {"GET", "/bots", "X-Debug: 0", "nobot"}, {"GET", "/bots", "X-Debug: 0\nx-debug: 1", "any"},
	{"GET", "/bots", "X-Debug: 0, 1", "any"}, {"DELETE", "/bots", "", "any"}, {"GET", "/digits?v=%31", "", "digits"}, {"GET", "/digits?v=1x", "", "any"}, {"GET", "/digits?v=1&d%65bug", "", "any"},
	{"GET", "/area/x", "", "noadmin"}, {"GET", "/area/admin", "", "any"}, {"GET", "/area/%61dmin", "", "any"}, {"GET", "/area/", "Cookie: role=\"admin\"", "any"}, {"GET", "/area/", "Cookie: role=user", "noadmin"},
	{"GET", "/away", "", "away"}, {"GET", "/away", "X-Forwarded-For: 10.0.0.1", "403"}, {"GET", "/home", "", "any"}, {"GET", "/hosted", "", "any"},
	{"GET", "/rank/long/er/x", "", "first"}, {"GET", "/rank", "", "any"},
}

// meetsConditions starts a rig with all routes, and has each request made of it.
func meetsConditions(t testing.TB, k *kind, ask func(r *rig, method, target, fields string) (status int, body string, err error)) {
	var instances []discovery.Instance
	for name, line := range conditioned {
		instances = append(instances, as(name, at(answering(t, name).Addr(), "pointsman.route="+line)))
	}
	r := start(t, k, setup{}, instances...)
	for _, c := range conditionCases {
		status, body, err := ask(r, c.method, c.target, c.fields)
		if status != 200 {
			body = fmt.Sprint(status)
		}
		if err != nil || body != c.want {
			t.Errorf("%s %s %q: %s %v, want %s", c.method, c.target, c.fields, body, err, c.want)
		}
	}
}

func TestRoutesHaveConditions(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		meetsConditions(t, k, func(r *rig, method, target, fields string) (int, string, error) {
			if fields != "" {
				fields = strings.ReplaceAll(fields, "\n", "\r\n") + "\r\n"
			}
			a, err := r.ask(t, method+" "+target+" HTTP/1.1\r\nHost: c.test\r\n"+fields+"\r\n")
			if err != nil {
				return 0, "", err
			}
			return a.status, a.body, nil
		})
	})
}

func TestRoutesHaveConditionsOverHTTP2(t *testing.T) {
	everyHTTP2(t, func(t *testing.T, k *kind) {
		var second http.Protocols
		second.SetUnencryptedHTTP2(!k.secure)
		second.SetHTTP2(k.secure)
		transport := &http.Transport{Protocols: &second, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: patience}
		scheme := "http://"
		if k.secure {
			scheme = "https://"
		}
		meetsConditions(t, k, func(r *rig, method, target, fields string) (int, string, error) {
			request, err := http.NewRequest(method, scheme+r.addr+target, nil)
			if err != nil {
				return 0, "", err
			}
			request.Host = "c.test"
			for line := range strings.SplitSeq(fields, "\n") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					request.Header.Add(name, value)
				}
			}
			a, err := client.Do(request)
			if err != nil {
				return 0, "", err
			}
			defer a.Body.Close()
			body, err := io.ReadAll(a.Body)
			if a.ProtoMajor != 2 {
				err = fmt.Errorf("%s", a.Proto)
			}
			return a.StatusCode, string(body), err
		})
	})
}
