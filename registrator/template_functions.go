package registrator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// fetchTimeout is Registrator's for httpGet.
const fetchTimeout = 10 * time.Second

// FetchHTTP gets a URL within 10 s and 256 KiB; a longer answer is an error. Any status counts, as with Registrator.
func FetchHTTP(url string) ([]byte, error) {
	client := &http.Client{Timeout: fetchTimeout}
	answer, err := client.Get(url)
	if err != nil {
		return nil, fmt.Errorf("get for a -tags template: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxFetch+1))
	if err != nil {
		return nil, fmt.Errorf("read for a -tags template: %w", err)
	}
	if len(body) > maxFetch {
		return nil, errors.New("read for a -tags template: more than 256 KiB")
	}
	return body, nil
}

// templateFunctions are the functions that Registrator's -tags templates know besides Go's own, with their argument
// order and their way to clamp an index.
func templateFunctions(fetch func(string) ([]byte, error)) template.FuncMap {
	if fetch == nil {
		fetch = FetchHTTP
	}
	return template.FuncMap{
		"strSlice":          sliceText,
		"sIndex":            clampedIndex,
		"mIndex":            func(key string, m map[string]string) string { return m[key] },
		"toUpper":           strings.ToUpper,
		"toLower":           strings.ToLower,
		"replace":           func(n int, old, new, s string) string { return strings.Replace(s, old, new, n) },
		"join":              func(sep string, list []string) string { return strings.Join(list, sep) },
		"split":             func(sep, s string) []string { return strings.Split(s, sep) },
		"splitIndex":        func(i int, sep, s string) (string, error) { return clampedIndex(i, strings.Split(s, sep)) },
		"matchFirstElement": firstMatch,
		"matchAllElements":  allMatches,
		"jsonParse":         jsonValue,
		"httpGet": func(url string) []byte {
			body, err := fetch(url)
			if err != nil {
				return nil
			}
			return body
		},
	}
}

// sliceText is s[start:] or s[start:end]; bounds that do not fit give s whole, an end before the start gives s[start:].
func sliceText(s string, bounds ...int) string {
	for _, b := range bounds {
		if b < 0 || b > len(s) {
			return s
		}
	}
	switch {
	case len(bounds) == 1:
		return s[bounds[0]:]
	case len(bounds) != 2:
		return s
	case bounds[1] < bounds[0]:
		return s[bounds[0]:]
	default:
		return s[bounds[0]:bounds[1]]
	}
}

// clampedIndex is list[i]; a negative i counts from the end; beyond either end gives the last or the first.
func clampedIndex(i int, list []string) (string, error) {
	if len(list) == 0 {
		return "", errors.New("index into an empty list")
	}
	if i < 0 {
		return list[max(len(list)+i, 0)], nil
	}
	return list[min(i, len(list)-1)], nil
}

func firstMatch(pattern string, list []string) (string, error) {
	found, err := allMatches(pattern, list)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func allMatches(pattern string, list []string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("compile the expression: %w", err)
	}
	var out []string
	for _, s := range list {
		if re.MatchString(s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// jsonValue walks "a::b::[0]" into a JSON text. A string comes without its quotes and otherwise as it stands there;
// what is not there, or not JSON, gives "".
func jsonValue(text []byte, path string) string {
	at := json.RawMessage(text)
	for key := range strings.SplitSeq(path, "::") {
		at = jsonChild(at, key)
		if at == nil {
			return ""
		}
	}
	at = bytes.TrimSpace(at)
	if len(at) >= 2 && at[0] == '"' {
		return string(at[1 : len(at)-1])
	}
	return string(at)
}

func jsonChild(at json.RawMessage, key string) json.RawMessage {
	if strings.HasPrefix(key, "[") && strings.HasSuffix(key, "]") {
		var list []json.RawMessage
		i, err := strconv.Atoi(key[1 : len(key)-1])
		if err == nil && json.Unmarshal(at, &list) == nil && i >= 0 && i < len(list) {
			return list[i]
		}
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(at, &object) != nil {
		return nil
	}
	return object[key]
}
