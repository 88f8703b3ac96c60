package dialect

import (
	"errors"
	"fmt"
	"strings"
)

// maxFieldChanges bounds the changes of a route's fields, each of which is compared with each field.
const maxFieldChanges = 32

func setRequestHeader(l *line, value string) error {
	check := checkRequestField
	if setsProto(value) {
		check = checkResponseField
	}
	return l.addChange(&l.rule.Policy.Filters.RequestFields, value, check)
}

// setsProto says whether a change tells the instance how the client came. It is the one field of the proxy's own that people change: behind what
// takes TLS away unseen, the proxy itself knows no better than http.
func setsProto(change string) bool {
	proto, ok := strings.CutPrefix(strings.ToLower(change), "set:"+strings.ToLower(ForwardedProto)+":")
	return ok && (proto == "http" || proto == "https")
}

// ForwardedProto is the field of requests that says how the client came: http or https.
const ForwardedProto = "X-Forwarded-Proto"

func printRequestHeader(r *Rule) []string { return printChanges(r.Policy.Filters.RequestFields) }

func setResponseHeader(l *line, value string) error {
	return l.addChange(&l.rule.Policy.Filters.ResponseFields, value, checkResponseField)
}

func printResponseHeader(r *Rule) []string { return printChanges(r.Policy.Filters.ResponseFields) }

// addChange reads set:NAME:VALUE, add:NAME:VALUE or remove:NAME. No error holds the value.
func (l *line) addChange(to *[]FieldChange, value string, check func(name string) error) error {
	kind, rest, _ := strings.Cut(value, ":")
	c := FieldChange{Name: rest}
	switch kind {
	case "remove":
		c.Kind = ChangeRemove
	case "set", "add":
		if kind == "add" {
			c.Kind = ChangeAdd
		}
		var ok bool
		if c.Name, c.Value, ok = strings.Cut(rest, ":"); !ok {
			return fmt.Errorf("%s has no value: %s:NAME:VALUE", kind, kind)
		}
		c.Value = strings.Trim(c.Value, " \t")
	default:
		return errors.New("a change of header fields is neither set:NAME:VALUE, add:NAME:VALUE nor remove:NAME")
	}
	if !isToken(c.Name) {
		return fmt.Errorf("what stands behind %s: is not the name of a header field", kind)
	}
	if !isFieldValue(c.Value) {
		return fmt.Errorf("the value of %s has a character that no header field may have", c.Name)
	}
	if err := check(c.Name); err != nil {
		return err
	}
	if len(*to) == maxFieldChanges {
		return fmt.Errorf("a route may change %d header fields", maxFieldChanges)
	}
	*to = append(*to, c)
	return nil
}

func printChanges(list []FieldChange) (out []string) {
	for _, c := range list {
		switch c.Kind {
		case ChangeSet:
			out = append(out, "set:"+c.Name+":"+c.Value)
		case ChangeAdd:
			out = append(out, "add:"+c.Name+":"+c.Value)
		default:
			out = append(out, "remove:"+c.Name)
		}
	}
	return out
}

// checkRequestField says why a rule may not change a field of requests, or nil: those that frame or route a message, those of one
// connection only, and those in which the proxy says where the request came from.
func checkRequestField(name string) error {
	switch strings.ToLower(name) {
	case "host":
		return errors.New("Host is changed by the option host")
	case "expect", "http2-settings", "proxy", "via":
		return fmt.Errorf("%s is the proxy's own", name)
	case "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "x-request-id":
		return fmt.Errorf("%s is what the proxy says about the client", name)
	}
	if strings.HasPrefix(strings.ToLower(name), "x-ssl-client-") {
		return fmt.Errorf("%s is what the proxy says about the client's certificate", name)
	}
	if strings.Contains(name, "_") {
		return fmt.Errorf("%s: fields with an underscore never go to instances", name)
	}
	return checkResponseField(name)
}

// checkResponseField is checkRequestField for answers.
func checkResponseField(name string) error {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length":
		return fmt.Errorf("%s belongs to the connection or frames the message", name)
	}
	return nil
}

// isFieldValue says whether s may stand as a field's value: visible ASCII, blanks and tabs (RFC 9110, section 5.5).
func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}
