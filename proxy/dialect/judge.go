package dialect

import "strings"

// judge notes the options that can never take effect on this rule, whatever is asked for, and takes them back.
func (r *Rule) judge(list words) {
	o := &r.Options
	for i, w := range list {
		if list[i+1:].has(w.key) && !list[:i].has(w.key) {
			o.note("%s is given more than once; the last one counts", shown(w.key))
		}
	}
	if o.TLSSkipVerify && !o.TLS {
		o.note("tlsskipverify=true has no effect without proto=https")
		o.TLSSkipVerify = false
	}
	if list.has("prepend") && o.Prepend == "" {
		o.note("prepend=/ has no effect")
	}
	if o.Strip != "" && !r.strips() {
		o.note("strip=%s has no effect: no path of this route begins with it", shown(o.Strip))
		o.Strip = ""
	}
	if o.Redirect != nil {
		o.redirectOnly()
	}
}

// redirectOnly notes and takes back what says how an instance is asked: a redirect asks none.
func (o *Options) redirectOnly() {
	idle := func(on bool, option string) {
		if on {
			o.note("%s has no effect beside redirect", option)
		}
	}
	idle(o.Prepend != "", "prepend")
	idle(o.Host != "" || o.HostDst, "host")
	idle(o.TLS, "proto=https")
	idle(o.TLSSkipVerify, "tlsskipverify")
	o.Prepend, o.Host, o.HostDst, o.TLS, o.TLSSkipVerify = "", "", false, false, false
	if o.Strip != "" && !strings.Contains(o.Redirect.URL, "$path") {
		o.note("strip has no effect beside a redirect without $path")
		o.Strip = ""
	}
}

// strips says whether any path that the rule takes begins with what strip removes.
func (r *Rule) strips() bool {
	path, strip := r.Path, r.Options.Strip
	if strings.HasPrefix(path, strip) {
		return true
	}
	rest, ok := strings.CutPrefix(strip, path)
	return ok && (r.Dialect == Fabio || rest[0] == '/' || strings.HasSuffix(path, "/"))
}

func (w words) has(key string) bool {
	for _, o := range w {
		if o.key == key {
			return true
		}
	}
	return false
}

// closeCut closes the rules with an access list where another tag of the instance looks like an item of such a list: a comma that was
// not escaped cut it off, and what is left would let in whom it was to keep out. Which list it belongs to can't be told.
func closeCut(service string, tags []string, rules []*Rule) (rejects []Reject) {
	at := -1
	for i, tag := range tags {
		if listItem(tag) {
			at = i
			break
		}
	}
	if at < 0 {
		return nil
	}
	for i, r := range rules {
		if r.Options.Allow == nil && r.Options.Deny == nil {
			continue
		}
		shut := *r
		shut.Closed, shut.Options = true, Options{}
		rules[i] = &shut
		rejects = append(rejects, Reject{Service: service, Tag: shown(tags[at]), Source: r.Source,
			Reason: "looks like an item of allow= or deny= that an unescaped comma cut off (write \\,): the route " + shown(r.Source) + " is refused"})
	}
	return rejects
}

// listItem says whether a tag is an item of allow= or deny=, be it with options behind it.
func listItem(tag string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(tag, " \t"), " ")
	if strings.HasPrefix(word, "ip:") {
		return true
	}
	_, err := parseNetwork(word)
	return err == nil
}
