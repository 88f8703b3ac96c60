package consul

import (
	"strings"
	"time"

	"github.com/pointsman/pointsman/registrator"
)

// The four meta keys that a registrator of ours writes beside a registration. Consul allows 64.
const (
	metaMark      = "pointsman"           // "1 <digest of the checks> <registrator's host>"
	metaContainer = "pointsman-container" // full container id
	metaStart     = "pointsman-start"     // the container's start, RFC 3339 with nanoseconds
	metaSent      = "pointsman-sent"      // when the registration was sent; no part of any comparison
)

// markVersion is what the mark begins with; another one is not understood and counts as no mark.
const markVersion = "1"

// noDigest stands for no checks: a mark's words must not be empty.
const noDigest = "-"

// withMark returns meta with the owner's keys. meta is not modified. A zero owner adds nothing.
func withMark(meta map[string]string, owner registrator.Owner, digest string, sent time.Time) map[string]string {
	if owner == (registrator.Owner{}) {
		return meta
	}
	out := make(map[string]string, len(meta)+4)
	for k, v := range meta {
		out[k] = v
	}
	if digest == "" {
		digest = noDigest
	}
	out[metaMark] = markVersion + " " + digest + " " + owner.Host
	out[metaContainer] = owner.Container
	if !owner.Started.IsZero() {
		out[metaStart] = stamp(owner.Started)
	}
	out[metaSent] = stamp(sent)
	return out
}

// readMark takes the owner's keys out again. rest is meta without them, nil when nothing is left.
func readMark(meta map[string]string) (owner registrator.Owner, digest string, rest map[string]string) {
	words := strings.SplitN(meta[metaMark], " ", 3)
	if len(words) != 3 || words[0] != markVersion {
		return registrator.Owner{}, "", meta
	}
	if digest = words[1]; digest == noDigest {
		digest = ""
	}
	owner = registrator.Owner{
		Host: words[2], Container: meta[metaContainer],
		Started: readStamp(meta[metaStart]), Sent: readStamp(meta[metaSent]),
	}
	for k, v := range meta {
		if k == metaMark || k == metaContainer || k == metaStart || k == metaSent {
			continue
		}
		if rest == nil {
			rest = make(map[string]string, len(meta))
		}
		rest[k] = v
	}
	return owner, digest, rest
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// maxStamp bounds a stamp in bytes: RFC 3339 with nanoseconds and an offset has 35.
const maxStamp = 40

// readStamp returns the zero time for what is no time.
func readStamp(text string) time.Time {
	if len(text) > maxStamp {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
