package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Action is something that whoever has the token may ask for. It takes the body of the request, a JSON object, and says what it did. An error
// is told to the client as it stands, with the status of Refusal or 422. Make it with ActionOf.
type Action func(ctx context.Context, body []byte) (Done, error)

// Done is what an Action did: it is answered, and noted among the Notices. Service and Instance are whose it is; "" where it is nobody's.
type Done struct {
	Service  string `json:"service,omitempty"`
	Instance string `json:"instance,omitempty"`
	Text     string `json:"text"`
	// Drains are those that a drain is, one for each registration of a container.
	Drains []Drained `json:"drains,omitempty"`
}

// Drained is a drain that was asked for.
type Drained struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
	Kept  bool      `json:"kept"` // somebody had asked for it before
}

// ActionOf makes an Action of a func that takes a wish. The fields of T are what the body may have; example is a body, for who got it wrong.
func ActionOf[T any](example string, do func(ctx context.Context, wish T) (Done, error)) Action {
	return func(ctx context.Context, body []byte) (Done, error) {
		var wish T
		in := json.NewDecoder(bytes.NewReader(body))
		in.DisallowUnknownFields()
		if err := in.Decode(&wish); err != nil {
			return Done{}, Refusal(http.StatusBadRequest, "want "+example)
		}
		if _, err := in.Token(); !errors.Is(err, io.EOF) {
			return Done{}, Refusal(http.StatusBadRequest, "want "+example+" and nothing after it")
		}
		return do(ctx, wish)
	}
}

// Refusal is an error of an Action that has a status of its own, from 400 to 599.
func Refusal(status int, detail string) error { return problem{Status: status, Detail: detail} }

// The bounds of actions.
const (
	// mostActing is how many actions are done at the same time; who asks for more has to come back.
	mostActing = 8
	// actionTime is what an action may take: less than crowd.ResponseTime, so that the client is told.
	actionTime = 25 * time.Second
)

// actionPath is below what the actions stand.
const actionPath = "/api/actions/"

// actionsView is what whoever has the token may ask for.
type actionsView struct {
	Actions []string `json:"actions"`
}

// listActions answers GET /api/actions for who has the token, so that a page knows what to offer, and whether its token is the right one.
func (o *Options) listActions(w http.ResponseWriter, r *http.Request) {
	if !o.authorized(r) {
		o.refuse(w, "to list the actions")
		return
	}
	answer(w, r, actionsView{Actions: append([]string{}, slices.Sorted(maps.Keys(o.Actions))...)})
}

// act answers POST /api/actions/{name} for who has the token, and notes what was done or refused.
func (o *Options) act(name string, do Action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !o.authorized(r) {
			o.refuse(w, name)
			return
		}
		done, err := o.acted(r, do)
		if err != nil {
			p := problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
			_ = errors.As(err, &p)
			if times, due := o.refusals.Count(name+" "+p.Detail, time.Now()); due {
				o.Log.Warn().Str("action", name).Str("reason", outside.Printable(p.Detail, maxText)).Int("times", times).Msg("an action was refused")
			}
			o.Notices.Add(Notice{Kind: NoticeAction, Text: "refused: " + name + ": " + p.Detail})
			p.answer(w)
			return
		}
		o.Log.Info().Str("action", name).Str("service", outside.Printable(done.Service, maxText)).Str("instance", outside.Printable(done.Instance, maxText)).
			Str("did", outside.Printable(done.Text, mostNoticeText)).Msg("an action was carried out")
		o.Notices.Add(Notice{Kind: NoticeAction, Service: done.Service, Instance: done.Instance, Text: name + ": " + done.Text})
		done.Service, done.Instance, done.Text = clip(done.Service), clip(done.Instance), clip(done.Text)
		answer(w, r, done)
	}
}

// refuse answers who asks without the right token, and notes it: anybody may ask, so the log gets a line now and then.
func (o *Options) refuse(w http.ResponseWriter, action string) {
	o.Notices.Add(Notice{Kind: NoticeAction, Text: "refused: " + action + ", without the right token"})
	if times, due := o.intruders.Count(action, time.Now()); due {
		o.Log.Warn().Str("action", action).Int("times", times).Msg("an action was refused: it was asked for without the right token")
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="pointsman"`)
	problem{Status: http.StatusUnauthorized, Detail: "actions need the header Authorization: Bearer TOKEN, with the token of -admin-token"}.answer(w)
}

// acted reads the wish and carries it out.
func (o *Options) acted(r *http.Request, do Action) (Done, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Done{}, Refusal(http.StatusUnsupportedMediaType, "want application/json")
	}
	body, err := io.ReadAll(r.Body) // it is bounded
	if err != nil {
		return Done{}, Refusal(http.StatusBadRequest, "the body is longer than 4 KiB, or was not sent to its end")
	}
	select {
	case o.acting <- struct{}{}:
		defer func() { <-o.acting }()
	default:
		return Done{}, problem{Status: http.StatusServiceUnavailable, Detail: "other actions are being carried out", after: 1}
	}
	ctx, cancel := context.WithTimeout(r.Context(), actionTime)
	defer cancel()
	return do(ctx, body)
}

// authorized says whether a request has the token (RFC 6750, section 2.1). How long that takes says nothing about the token.
func (o *Options) authorized(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	token := o.Token()
	if token == "" { // none is not one that anybody has
		return false
	}
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
