package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// document is a JSON text that is an answer. Immutable once it is ready.
type document struct {
	ready chan struct{}
	table uint64 // the number of the table that it was made of, or an older one's
	body  []byte
	tag   string // the entity tag
	made  time.Time
	cost  time.Duration
	err   error

	// Of a service that is watched: that there is none of the name, or else what is said when it is gone.
	missing bool
	without *document
}

// The bounds of documents.
const (
	// mostMaking is how many documents are made at the same time; more have to wait. A page of 1,000 services takes tens of milliseconds.
	mostMaking = 2
	// mostShared is how many documents are kept for others that ask the same, and mostSharedBytes how much they may take.
	mostShared, mostSharedBytes = 256, 8 << 20
	// freshness is how old a document may be although the table is the same: instances may have been ejected since.
	freshness = 100 * time.Millisecond
	// restFactor is how many times as long as a document took to make the next one for those who wait for news has to wait, restMost the
	// longest of these times: news are then made with at most a twentieth of a core.
	restFactor, restMost = 20, time.Second
)

// encode makes the body of a value, for people as well.
func (one *document) encode(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if one.err = e.Encode(v); one.err == nil {
		one.set(b.Bytes())
	}
}

// set gives the document its body, and a strong entity tag: it is of these very bytes (RFC 9110, section 8.8.3).
func (one *document) set(body []byte) {
	sum := sha256.Sum256(body)
	one.body, one.tag = body, `"`+hex.EncodeToString(sum[:16])+`"`
}

// answer sends the document, or that the client has it.
func (one *document) answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", one.tag)
	if matches(r.Header.Values("If-None-Match"), one.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(one.body)))
	_, _ = w.Write(one.body) // the client may be gone
}

// answer sends a value that is made for this client alone.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	var one document
	if one.encode(v); one.err != nil {
		problemOf(one.err).answer(w)
		return
	}
	one.answer(w, r)
}

// matches says whether a list of entity tags has one of the same bytes (RFC 9110, section 13.1.2: W/ does not matter).
func matches(fields []string, tag string) bool {
	for _, field := range fields {
		for one := range strings.SplitSeq(field, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// sleep waits for a time or the end of ctx, whose error it returns then.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
