package filter

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// BasicAuth asks for a user and a password (RFC 7617). Safe for concurrent use; it may block.
type BasicAuth struct {
	// Challenge is the value of WWW-Authenticate for who is not let in.
	Challenge string
	pass      bool // Authorization goes on
	users     map[string]dialect.User
	file      *htpasswd // nil where the users are known
	turns     turns
	shared    *passwords
}

func basicAuthOf(a *dialect.BasicAuth, shared *Common) *BasicAuth {
	realm := a.Realm
	if realm == "" {
		realm = dialect.DefaultRealm
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
	out := &BasicAuth{Challenge: `Basic realm="` + quoted + `", charset="UTF-8"`, shared: shared.passwords, pass: a.Pass}
	if a.File != "" {
		out.file = shared.file(a.File)
		out.turns = out.file.turns
		return out
	}
	out.turns = shared.passwords.turns()
	out.users = map[string]dialect.User{}
	for _, u := range a.Users {
		out.users[u.Name] = u
	}
	return out
}

// Decision is what becomes of who asks to be let in.
type Decision uint8

const (
	// DecisionPassed lets the request in.
	DecisionPassed Decision = iota
	// DecisionRefused does not: nobody said who it is, or nobody that is known.
	DecisionRefused
	// DecisionBusy says that it can't be told now.
	DecisionBusy
	// DecisionBroken says that it can't be told at all.
	DecisionBroken
)

// Check says whether a request may pass. The error, for people, belongs to DecisionBroken. Who is not known takes as long as who is.
func (a *BasicAuth) Check(ctx context.Context, fields []http1.Field, now time.Time) (Decision, error) {
	users := a.users
	if a.file != nil {
		var err error
		if users, err = a.file.read(now); err != nil {
			return DecisionBroken, err
		}
	}
	name, password, ok := credentials(value(fields, "Authorization"))
	if !ok {
		return DecisionRefused, nil
	}
	u, known := users[name]
	if !known {
		for _, u = range users {
			break
		}
	}
	switch right, busy := a.shared.verify(ctx, a.turns, u, password, now); {
	case busy:
		return DecisionBusy, nil
	case right && known:
		return DecisionPassed, nil
	}
	return DecisionRefused, nil
}

// credentials reads the value of Authorization (RFC 7617, section 2).
func credentials(value string) (name, password string, ok bool) {
	scheme, rest, found := strings.Cut(value, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimLeft(rest, " "))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}
