package traefik1

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// refused closes the frontend.
func refused(why string) func(*frontend, string) error {
	return func(*frontend, string) error { return errors.New(why) }
}

// onlyFalse closes it unless the label is false.
func onlyFalse(why string) func(*frontend, string) error {
	return func(_ *frontend, value string) error {
		if strings.EqualFold(value, "false") {
			return nil
		}
		return errors.New(why)
	}
}

// needs closes it where another label is missing, which reads this one.
func needs(other string) func(*frontend, string) error {
	return func(x *frontend, _ string) error {
		if x.of[other] == nil {
			return fmt.Errorf("it says nothing without %s%s", prefix, other)
		}
		return nil
	}
}

func (x *frontend) add(name, value string) { x.words = append(x.words, dialect.Word(name, value)) }

func (x *frontend) is(property string) bool { return strings.EqualFold(x.of.value(property), "true") }

// list is a value with commas, without what is empty.
func list(value string) (out []string) {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func listeners(x *frontend, value string) (err error) {
	x.on, err = x.env.EntryPoints.Listeners(list(value))
	return err
}

func basicAuth(x *frontend, value string) error {
	if x.of["frontend.auth.basic"] != nil && x.of["frontend.auth.basic.users"] != nil && x.of.value("frontend.auth.basic") != x.of.value("frontend.auth.basic.users") {
		return errors.New("auth.basic and auth.basic.users name different users")
	}
	users := list(value)
	if len(users) == 0 {
		return errors.New("it names nobody")
	}
	for _, u := range users {
		if _, err := dialect.ParseUser(u); err != nil || strings.Contains(u, "|") {
			return errors.New("it is no list of NAME:HASH, as htpasswd writes it; in a compose file each $ is written $$")
		}
	}
	word := dialect.Word("auth", "basic:"+strings.Join(users, ","))
	if slices.Contains(x.words, word) {
		return nil // auth.basic and auth.basic.users
	}
	x.words = append(x.words, word)
	if realm := x.of.value("frontend.auth.basic.realm"); realm != "" {
		x.add("auth-realm", realm)
	}
	if !x.is("frontend.auth.basic.removeheader") && !x.is("frontend.auth.removeheader") {
		x.add("auth-pass", "true")
	}
	return nil
}

// besideUsers closes what says nothing without users, who may be misspelt.
func besideUsers(x *frontend, _ string) error {
	if x.of["frontend.auth.basic"] == nil && x.of["frontend.auth.basic.users"] == nil {
		return errors.New("no label names the users")
	}
	return nil
}

// besideAuth closes what says nothing where nobody is asked who he is.
func besideAuth(x *frontend, value string) error {
	if x.of["frontend.auth.forward.address"] != nil {
		return nil
	}
	return besideUsers(x, value)
}

func forwardAuth(x *frontend, value string) error {
	x.add("forward-auth", dialect.AuthAddress(value))
	if names := list(x.of.value("frontend.auth.forward.authresponseheaders")); len(names) > 0 {
		x.add("forward-auth-headers", strings.Join(names, ","))
	}
	return nil
}

func allow(x *frontend, value string) error {
	ranges := list(value)
	for _, text := range ranges {
		_, err := netip.ParseAddr(text)
		if _, wrong := netip.ParsePrefix(text); err != nil && wrong != nil {
			return errors.New("it is no list of addresses and networks")
		}
	}
	if len(ranges) == 0 {
		return errors.New("it names nobody")
	}
	x.add("allow", strings.Join(ranges, ","))
	return nil
}

// rateLimit reads rateset.NAME.average, .period and .burst.
func rateLimit(x *frontend, value string) error {
	by := map[string]string{"client.ip": "client", "request.host": "route"}[strings.ToLower(value)]
	if by == "" {
		return errors.New("requests are counted by client.ip or request.host")
	}
	const set = "frontend.ratelimit.rateset."
	var names []string
	for _, p := range slices.Sorted(maps.Keys(x.of)) {
		if rest, ok := strings.CutPrefix(p, set); ok {
			name, option, _ := strings.Cut(rest, ".")
			if !slices.Contains([]string{"average", "period", "burst"}, option) {
				return fmt.Errorf("there is no label %s", shown(prefix+p))
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return errors.New("no rateset says how many")
	}
	for _, name := range names {
		rate, err := rateOf(x.of.value(set+name+".average"), x.of.value(set+name+".period"), x.of.value(set+name+".burst"))
		if err != nil {
			return fmt.Errorf("rateset %s: %w", shown(name), err)
		}
		x.add("rate-limit", rate+",by="+by)
	}
	return nil
}

// rateOf is so many in a period as a line has it: in a second, a minute or an hour.
func rateOf(average, period, burst string) (string, error) {
	n, err := strconv.ParseUint(average, 10, 31)
	if _, bare := strconv.ParseUint(period, 10, 31); bare == nil {
		period += "s"
	}
	d, bad := time.ParseDuration(period)
	if period == "" {
		d, bad = time.Second, nil
	}
	const most = 1_000_000 // of a line, and what keeps the products below exact
	if err != nil || bad != nil || n == 0 || n > most || d < time.Millisecond || d > time.Hour {
		return "", errors.New("want an average from 1, and a period such as 10s")
	}
	text := ""
	for _, unit := range []struct {
		name string
		d    time.Duration
	}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}} {
		if count := n * uint64(unit.d); count%uint64(d) == 0 && text == "" {
			text = strconv.FormatUint(count/uint64(d), 10) + "/" + unit.name
		}
	}
	if text == "" {
		return "", errors.New("an average that is no whole number in a second, a minute or an hour")
	}
	if burst == "" || burst == "0" {
		burst = "1"
	}
	if _, err := strconv.ParseUint(burst, 10, 31); err != nil {
		return "", errors.New("burst is no number")
	}
	return text + ",burst=" + burst, nil
}

// maxConns bounds what is under way. Traefik counts by what extractorfunc takes of a request, a line at each instance.
func maxConns(x *frontend, value string) error {
	if f := strings.ToLower(x.of.value("backend.maxconn.extractorfunc")); f != "" && f != "request.host" {
		return errors.New("requests under way are counted for an instance, not for " + shown(f))
	}
	if n, err := strconv.ParseUint(value, 10, 20); err != nil || n == 0 {
		return errors.New("it is no number from 1")
	}
	x.service = append(x.service, "max-conns="+value)
	x.notes = append(x.notes, "backend.maxconn holds for each container, and not for all together")
	return nil
}

func maxBody(x *frontend, value string) error {
	if value == "0" {
		return nil
	}
	if _, err := strconv.ParseUint(value, 10, 62); err != nil {
		return errors.New("it is no number of bytes")
	}
	x.add("max-body", value)
	return nil
}
