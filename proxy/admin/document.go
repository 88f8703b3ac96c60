package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

// documents are made once for all who ask for the same at about the same time. Make it with newDocuments.
type documents struct {
	making chan struct{}

	mu   sync.Mutex
	list map[string]*document
}

func newDocuments() *documents {
	return &documents{making: make(chan struct{}, mostMaking), list: map[string]*document{}}
}

// get is the document of a key that is fresh, or one that it makes. fresh is asked about those that are ready; wait is how long to wait before
// another one is made in its stead.
func (d *documents) get(ctx context.Context, key string, fresh func(*document) (ok bool, wait time.Duration), fill func(*document)) (*document, error) {
	for {
		d.mu.Lock()
		one := d.list[key]
		if one == nil {
			one = &document{ready: make(chan struct{})}
			d.list[key] = one
			d.mu.Unlock()
			return d.make(ctx, key, one, fill)
		}
		d.mu.Unlock()
		select {
		case <-one.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ok, wait := fresh(one)
		if ok && one.err == nil {
			return one, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		d.forget(key, one)
	}
}

// make makes a document that others may already be waiting for.
func (d *documents) make(ctx context.Context, key string, one *document, fill func(*document)) (*document, error) {
	defer close(one.ready)
	made := false
	defer func() {
		if !made { // nobody waits for it any more, or making it panicked
			one.err = errUnmade
			d.forget(key, one)
		}
	}()
	began := time.Now()
	if err := d.turn(ctx, func() { began = time.Now(); fill(one) }); err != nil {
		return nil, err
	}
	made = true
	one.made = time.Now()
	one.cost = one.made.Sub(began)
	d.tidy(key, one)
	return one, one.err
}

// errUnmade is told to others who wait for a document that was not made: they make it themselves.
var errUnmade = errors.New("it was not made")

// turn does what takes a while, for as many at a time as may. The error is that of ctx, and nothing is done then.
func (d *documents) turn(ctx context.Context, do func()) error {
	select {
	case d.making <- struct{}{}:
		defer func() { <-d.making }()
	case <-ctx.Done():
		return ctx.Err()
	}
	do()
	return nil
}

func (d *documents) forget(key string, one *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.list[key] == one {
		delete(d.list, key)
	}
}

// tidy keeps the documents within their bounds: what is older than anybody takes goes, then, where there is still too much, the one that was
// just made, for which nobody waits any more.
func (d *documents) tidy(key string, made *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	bytes := len(made.body)
	for k, one := range d.list {
		if one == made {
			continue
		}
		select {
		case <-one.ready:
			if time.Since(one.made) > restMost {
				delete(d.list, k)
			} else {
				bytes += len(one.body)
			}
		default: // it is being made
		}
	}
	if made.err != nil || len(d.list) > mostShared || bytes > mostSharedBytes {
		if d.list[key] == made {
			delete(d.list, key)
		}
	}
}

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
