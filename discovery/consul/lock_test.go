package consul

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/consul/api"
)

// told is an agent without a network.
type told func(*http.Request) (status int, body string, err error)

func (f told) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := f(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"X-Consul-Index": {"1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func storeOver(t *testing.T, answer told) *Store {
	t.Helper()
	over := &guard{next: answer, token: &token{}}
	made, err := api.NewClient(&api.Config{Address: "agent", Scheme: "http", HttpClient: &http.Client{Transport: over}})
	if err != nil {
		t.Fatal(err)
	}
	return &Store{client: &client{api: made}}
}

// A holder whose renewals fail has lost the lock before Consul may give it to another: within the TTL of the last one that worked.
func TestALockIsLostWithItsRenewals(t *testing.T) {
	for name, away := range map[string]told{
		"refused": func(*http.Request) (int, string, error) { return 0, "", errors.New("connection refused") },
		"errors":  func(*http.Request) (int, string, error) { return 500, "No cluster leader", nil },
		"silent":  func(r *http.Request) (int, string, error) { <-r.Context().Done(); return 0, "", r.Context().Err() },
		"gone":    func(*http.Request) (int, string, error) { return 404, "Session id not found", nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var isAway atomic.Bool
				var renewed atomic.Pointer[time.Time]
				since := func() time.Duration { return time.Since(*renewed.Load()) }
				s := storeOver(t, func(r *http.Request) (int, string, error) {
					switch {
					case strings.HasPrefix(r.URL.Path, "/v1/session/create"):
						return 200, `{"ID":"s"}`, nil
					case strings.HasPrefix(r.URL.Path, "/v1/session/renew"):
						if isAway.Load() {
							return away(r)
						}
						now := time.Now()
						renewed.Store(&now)
						return 200, `[{"ID":"s"}]`, nil
					}
					return 200, "true", nil
				})
				held, release, err := s.Lock(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Minute)
				if held.Err() != nil || since() > renewEvery {
					t.Fatalf("%v, renewed %s ago", context.Cause(held), since())
				}
				isAway.Store(true)
				<-held.Done()
				if after := since(); !errors.Is(context.Cause(held), ErrLockLost) || after > sessionTTL || after < renewEvery {
					t.Errorf("after %s: %v", after, context.Cause(held))
				}
				if err := release(t.Context()); err != nil {
					t.Errorf("release: %v", err)
				}
			})
		})
	}
}

// A renewal that fails now and then costs nothing.
func TestALockOutlastsARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var renewals atomic.Int64
		s := storeOver(t, func(r *http.Request) (int, string, error) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/v1/session/create"):
				return 200, `{"ID":"s"}`, nil
			case strings.HasPrefix(r.URL.Path, "/v1/session/renew"):
				if renewals.Add(1)%3 != 0 {
					return 500, "No cluster leader", nil
				}
				return 200, `[{"ID":"s"}]`, nil
			}
			return 200, "true", nil
		})
		held, release, err := s.Lock(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if held.Err() != nil {
			t.Errorf("%v", context.Cause(held))
		}
		if err := release(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
