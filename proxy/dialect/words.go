package dialect

import (
	"net/netip"
	"strconv"
	"strings"
)

// Words are the options in effect in the language of the tags, and the notes, for people.
func (o *Options) Words() []string {
	if o == nil {
		return nil
	}
	var out []string
	add := func(on bool, text string) {
		if on {
			out = append(out, text)
		}
	}
	add(o.Weight > 0, "weight="+strconv.FormatFloat(o.Weight, 'g', -1, 64))
	if o.Redirect != nil {
		add(true, "redirect="+strconv.Itoa(o.Redirect.Code)+","+o.Redirect.URL)
	}
	add(o.Strip != "", "strip="+o.Strip)
	add(o.Prepend != "", "prepend="+o.Prepend)
	add(o.Host != "", "host="+o.Host)
	add(o.HostDst, "host=dst")
	add(o.TLS, "proto=https")
	add(o.TLSSkipVerify, "tlsskipverify=true")
	add(len(o.Allow) > 0, "allow="+networks(o.Allow))
	add(len(o.Deny) > 0, "deny="+networks(o.Deny))
	for _, n := range o.Notes {
		add(true, "("+n+")")
	}
	return out
}

func networks(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = "ip:" + p.String()
	}
	return strings.Join(texts, ",")
}
