package filter

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Changes are what is done to the header fields of a message. Nil changes nothing. Immutable.
type Changes struct {
	dropped []string
	added   []http1.Field
}

// changesOf compiles changes in their order: what is set or removed takes away what those before it have put there.
func changesOf(list []dialect.FieldChange) *Changes {
	if len(list) == 0 {
		return nil
	}
	c := &Changes{}
	for _, e := range list {
		if e.Kind != dialect.ChangeAdd {
			c.drop(e.Name)
			c.added = without(c.added, e.Name)
		}
		if e.Kind != dialect.ChangeRemove {
			c.added = append(c.added, http1.NewField(e.Name, e.Value))
		}
	}
	return c
}

// withoutProto are changes without those of X-Forwarded-Proto, and what the last of them says. The proxy writes that field itself.
func withoutProto(list []dialect.FieldChange) (others []dialect.FieldChange, proto string) {
	for _, e := range list {
		if SameName(e.Name, dialect.ForwardedProto) {
			proto = strings.ToLower(e.Value)
		} else {
			others = append(others, e)
		}
	}
	return others, proto
}

func without(list []http1.Field, name string) (out []http1.Field) {
	for _, f := range list {
		if !strings.EqualFold(f.Name, name) {
			out = append(out, f)
		}
	}
	return out
}

// SameName says whether two names are those of one field.
func SameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// drop adds a name of fields that do not go on.
func (c *Changes) drop(name string) {
	if !c.Drops(name) {
		c.dropped = append(c.dropped, name)
	}
}

// Drops says whether a field of the message, or a trailer of it, does not go on. No allocation.
func (c *Changes) Drops(name string) bool {
	if c == nil {
		return false
	}
	for _, d := range c.dropped {
		if SameName(d, name) {
			return true
		}
	}
	return false
}

// Added are the fields that stand behind those of the message. They must not be modified.
func (c *Changes) Added() []http1.Field {
	if c == nil {
		return nil
	}
	return c.added
}
