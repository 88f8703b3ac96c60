package fabio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// word is a word of a line, or a text in quotes.
type word struct {
	text   string
	quoted bool
}

func split(line string) (out []word, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " \t") {
		if line[0] == '"' {
			text, rest, ok := strings.Cut(line[1:], `"`)
			if !ok {
				return nil, errors.New("a quote without its second one")
			}
			out, line = append(out, word{text, true}), rest
			continue
		}
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		out, line = append(out, word{text: line[:end]}), line[end:]
	}
	return out, nil
}

// details are what stands behind the names of service, source and URL.
type details struct{ weight, tags, opts *string }

func parseDetails(words []word) (d details, err error) {
	for len(words) > 0 {
		if len(words) == 1 {
			return d, fmt.Errorf("nothing stands behind %s", dialect.Source(words[0].text))
		}
		name, value := words[0], words[1]
		words = words[2:]
		to := map[string]**string{"weight": &d.weight, "tags": &d.tags, "opts": &d.opts}[name.text]
		switch {
		case to == nil || name.quoted:
			return d, fmt.Errorf("%s is none of weight, tags and opts", dialect.Source(name.text))
		case *to != nil:
			return d, fmt.Errorf("%s is given twice", name.text)
		case value.quoted == (name.text == "weight"):
			return d, errors.New(`quotes stand around the values of tags and opts, as in opts "strip=/x"`)
		}
		*to = &value.text
	}
	return d, nil
}

func (d details) tagList() (out []string) {
	if d.tags == nil {
		return nil
	}
	for tag := range strings.SplitSeq(*d.tags, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			out = append(out, tag)
		}
	}
	return out
}

// leads is where a route leads.
type leads struct {
	scheme    string
	to        dialect.Destination
	redirects bool // the URL is that of a redirect
}

func parseLeads(text string) (l leads, err error) {
	u, err := url.Parse(strings.NewReplacer("$path", "/", "$host", "h").Replace(text))
	if err != nil || u.Host == "" || u.User != nil {
		return l, errors.New("the third is no URL such as http://10.0.0.1:8000/")
	}
	if l.scheme = strings.ToLower(u.Scheme); !slices.Contains([]string{"http", "https", "tcp", "grpc", "grpcs"}, l.scheme) {
		return l, fmt.Errorf("this proxy asks no instance by %s", dialect.Source(u.Scheme))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[l.scheme]
	}
	if dialect.ParsePort(port) == 0 {
		return l, errors.New("the URL names no port")
	}
	l.to, err = dialect.ParseDestination(net.JoinHostPort(u.Hostname(), port))
	return l, err
}

// at is its address; the zero value where it is a name.
func at(d dialect.Destination) netip.AddrPort { return netip.AddrPortFrom(d.Address, d.Port) }
