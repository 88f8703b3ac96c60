package fabio

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// ParseSchemes reads proxy.auth as Fabio's configuration has it: name=NAME;type=basic;file=FILE, with realm=TEXT and refresh=TIME where they
// are wanted, and a comma between schemes. The realm is the name where none is given. The time has no effect, as files are read again
// when they change. Whether the files are there is not looked at.
func ParseSchemes(text string) (map[string]dialect.BasicAuth, error) {
	out := map[string]dialect.BasicAuth{}
	for part := range strings.SplitSeq(text, ",") {
		name, scheme, err := parseScheme(part)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("scheme %q is given twice", name)
		}
		out[name] = scheme
	}
	return out, nil
}

func parseScheme(text string) (name string, scheme dialect.BasicAuth, err error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", scheme, errors.New("it holds a control character")
	}
	set := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, ok := strings.Cut(part, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		if _, twice := set[key]; !ok || value == "" || twice {
			return "", scheme, errors.New("want name=NAME;type=basic;file=FILE, each once, and a comma between schemes")
		}
		set[key] = value
	}
	for key, value := range set {
		switch key {
		case "name", "file", "realm":
		case "type":
			if value != "basic" {
				return "", scheme, fmt.Errorf("type=%s is not supported: want type=basic", value)
			}
		case "refresh":
			if _, err := time.ParseDuration(value); err != nil {
				return "", scheme, fmt.Errorf("refresh=%s is no time such as 15s", value)
			}
		default:
			return "", scheme, fmt.Errorf("%q is none of name, type, file, realm and refresh", key)
		}
	}
	name = set["name"]
	if name == "" || set["type"] == "" || set["file"] == "" {
		return "", scheme, errors.New("want name=NAME;type=basic;file=FILE")
	}
	scheme = dialect.BasicAuth{File: set["file"], Realm: set["realm"], Pass: true} // Fabio leaves Authorization in the request
	if scheme.Realm == "" {
		scheme.Realm = name
	}
	return name, scheme, nil
}
