package nginxproxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// isRestriction says whether a key narrows who may use the routes.
func isRestriction(key string) bool {
	if rest, ok := strings.CutPrefix(key, ownLabels); ok {
		return labels[rest].restricts
	}
	return variables[key].restricts
}

// use has options in all routes, and a word among what they are made of.
func (r *reader) use(w word, options ...string) {
	r.common, r.sources = append(r.common, options...), append(r.sources, w.source())
}

// shut closes all routes, because of a word.
func (r *reader) shut(w word, reason string) {
	r.closed = w.key + ": " + reason + "; the route is refused"
	r.sources = append(r.sources, w.source())
}

// readPolicy reads what all routes of the instance have.
func (r *reader) readPolicy() {
	r.method = "redirect"
	for _, w := range r.order {
		switch why := dialect.Withheld(w.value); {
		case why != "" && isRestriction(w.key):
			r.shut(w, why)
		case w.key == keyAccess:
			r.readAccess(w)
		case w.key == keyMethod:
			r.readMethod(w)
		case w.key == keyMissing:
			r.readMissing(w)
		case strings.HasPrefix(w.key, labelPrefix):
			r.readLabel(w)
		case variables[w.key].why != "":
			v := variables[w.key]
			r.ignore(w, v.quiet, v.why, v.advice)
		}
	}
	if r.method == "redirect" && !r.env.PlainOnly && !strings.EqualFold(r.value(keyMissing), "false") {
		r.common = append(r.common, "prefer-https")
	}
	r.readHSTS()
}

func (r *reader) readAccess(w word) {
	switch strings.ToLower(w.value) {
	case "", "external":
		r.use(w)
	case "internal":
		if r.internal == "" {
			r.shut(w, "no network is internal (-internal-networks)")
			return
		}
		r.use(w, "allow="+r.internal)
	default:
		r.shut(w, "it is neither internal nor external")
	}
}

// readMethod reads which listeners serve the routes.
func (r *reader) readMethod(w word) {
	secure, plain := "https", "http"
	if r.env.Listeners != "" && r.env.SecureListeners != "" {
		secure = r.env.SecureListeners
		is := func(name string) bool { return strings.Contains(","+secure+",", ","+name+",") }
		var others []string
		for name := range strings.SplitSeq(r.env.Listeners, ",") {
			if !is(name) {
				others = append(others, name)
			}
		}
		if others != nil {
			plain = strings.Join(others, ",")
		}
	} else if r.env.Listeners != "" {
		plain = r.env.Listeners
	}
	listen := func(names string) { r.use(w, "listener="+strings.ReplaceAll(names, ",", "|")) }
	switch strings.ToLower(w.value) {
	case "", "redirect":
		r.use(w)
	case "noredirect":
		r.method = "noredirect"
		r.use(w)
	case "nohttp":
		r.method = "nohttp"
		listen(secure)
	case "nohttps":
		r.method = "nohttps"
		listen(plain)
	default:
		r.shut(w, "it is none of redirect, noredirect, nohttp and nohttps")
	}
}

// readMissing reads whether hosts without a certificate are served over plain HTTP.
func (r *reader) readMissing(w word) {
	switch strings.ToLower(w.value) {
	case "", "true":
		r.use(w)
	case "false":
		if m := strings.ToLower(r.value(keyMethod)); m == "" || m == "redirect" {
			r.use(w, "https=redirect")
		} else {
			r.use(w)
		}
	default:
		r.shut(w, "it is neither true nor false")
	}
}

// usualHSTS is what nginx-proxy sends where nobody says otherwise, in seconds.
const usualHSTS = "31536000"

func (r *reader) readHSTS() {
	w, given := r.words[keyHSTS]
	secure := !r.env.PlainOnly && (r.method == "redirect" || r.method == "nohttp")
	switch {
	case !given || w.value == "":
		if secure {
			r.common = append(r.common, "hsts="+usualHSTS)
		}
		if given {
			r.use(w)
		}
		return
	case strings.EqualFold(w.value, "off"):
		r.use(w)
		return
	case !secure:
		r.ignore(w, true, "it is sent over HTTPS only, and not where plain HTTP is served beside it", "")
		return
	}
	parts := strings.FieldsFunc(w.value, func(c rune) bool { return c == ';' || c == ' ' })
	option := "hsts="
	for i, part := range parts {
		if i > 0 {
			option += "|"
		}
		option += strings.TrimPrefix(part, "max-age=")
	}
	if _, verdicts := dialect.ParseLine("a.example/ "+option, dialect.PathSegments, dialect.Env{}); len(parts) == 0 || len(verdicts) > 0 {
		reason := "it is not such as max-age=31536000; includeSubDomains"
		if len(verdicts) > 0 {
			reason = verdicts[0].Reason
		}
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: reason, Final: true}, w)
		return
	}
	r.use(w, option)
}

// way reads how the instance is spoken to. False makes no route: what it speaks is not HTTP.
func (r *reader) way(proto word, unnamed bool) (options string, ok bool) {
	told := proto
	if told.tag == "" {
		told = r.words[keyHost]
	}
	switch text := strings.ToLower(proto.value); text {
	case "", "http":
		if proto.key == keyProto {
			r.sources = append(r.sources, proto.source())
		}
		return "", true
	case "https":
		reason := "the instance's certificate is not verified, as nginx-proxy does not either"
		quiet := true
		if unnamed && (r.env.ContainerPort == plainPort || r.env.ContainerPort == dialect.AnyPort) {
			reason += "; and without VIRTUAL_PORT it speaks TLS to port 80, even if 443 is exposed too: VIRTUAL_PORT=443 names that one"
			quiet = false
		}
		r.tell(dialect.Verdict{Kind: dialect.VerdictPartly, Reason: reason, Quiet: quiet, Advice: "a label pointsman.route= with proto=https has it verified"}, told)
		return " proto=https tlsskipverify=true", true
	case "fastcgi", "uwsgi", "grpc", "grpcs":
		return "", r.notHTTP(told, text+" is not HTTP/1.1: this proxy does not speak it, and no HTTP is sent to that port")
	default:
		return "", r.notHTTP(told, dialect.Source(proto.value)+" is neither http nor https")
	}
}

// notHTTP refuses all routes to the instance: that of its name, which nobody asked for, too. True closes those that restrict, which must not be left
// to a wider route.
func (r *reader) notHTTP(w word, reason string) bool {
	r.out.OtherProtocol = true
	if r.restricts() {
		r.shut(w, reason)
		return true
	}
	of := []word{w}
	if host := r.words[keyHost]; w.key == keyProto {
		of = []word{host, w}
	}
	r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: reason, Final: true}, of...)
	return false
}
