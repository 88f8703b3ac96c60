package aliyun

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

const (
	keyProbe   = "probe.url"
	keyDelay   = "probe.initial_delay_seconds"
	keyTimeout = "probe.timeout_seconds"
)

// maxSeconds bounds the times of a probe: what takes longer tells nothing.
const maxSeconds = 3600

// makeProbe makes the probe of labels; ports are those to which others route. Nil is none: nobody asks for it, or the error says why.
func makeProbe(labels []label, ports []int) (*dialect.Probe, error) {
	var p *dialect.Probe
	var timeout time.Duration
	for _, l := range labels {
		switch l.key {
		case keyProbe:
			var err error
			if p, err = parseProbe(l.value, ports); err != nil {
				return nil, err
			}
			p.Key, _, _ = strings.Cut(strings.TrimSpace(l.tag), "=")
		case keyTimeout:
			timeout, _ = parseSeconds(l.value)
		}
	}
	if p != nil {
		p.Timeout = timeout
	}
	return p, nil
}

// parseProbe reads http://HOST[:PORT][/PATH] or tcp://HOST[:PORT]. Without a port it is the one that labels route to, of several that of the
// scheme, and where they route to none the instance's.
func parseProbe(text string, ports []int) (*dialect.Probe, error) {
	if why := dialect.Withheld(text); why != "" {
		return nil, errors.New(why)
	}
	if strings.Contains(text, "$") {
		return nil, errVariable
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("it is no URL such as http://container/health or tcp://container:8080")
	case u.Scheme != "http" && u.Scheme != "tcp":
		return nil, errors.New("a probe begins with http:// or tcp://")
	case len(u.RequestURI()) > maxText:
		return nil, fmt.Errorf("its path may have %d bytes", maxText)
	case u.Scheme == "tcp" && strings.Trim(u.Path, "/")+u.RawQuery != "":
		return nil, errors.New("a probe of TCP has no path")
	}
	p := &dialect.Probe{Port: dialect.ParsePort(u.Port())}
	switch {
	case u.Port() != "" && p.Port == 0:
		return nil, fmt.Errorf("%s is no port between 1 and 65535", quoted(u.Port()))
	case p.Port != 0 || len(ports) == 0:
	case len(ports) == 1:
		p.Port = ports[0]
	case u.Scheme == "http" && slices.Contains(ports, 80):
		p.Port = 80
	default:
		return nil, errors.New("it names no port, and labels route to several")
	}
	if u.Scheme == "http" {
		p.Path = u.RequestURI()
	}
	return p, nil
}

// parseSeconds reads a number of seconds.
func parseSeconds(text string) (time.Duration, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxSeconds {
		return 0, fmt.Errorf("%s is no number of seconds up to %d", quoted(text), maxSeconds)
	}
	return time.Duration(n) * time.Second, nil
}

// readProbe tells what becomes of the labels of a probe, which the registrator has made by then.
func (r *reader) readProbe() {
	p, err := makeProbe(r.probe, r.ports)
	for _, l := range r.probe {
		v := dialect.Verdict{Kind: dialect.VerdictUsed}
		if err := checkProbe(l, err); err != nil {
			v = dialect.Verdict{Kind: dialect.VerdictRefused, Reason: err.Error()}
			if errors.Is(err, errVariable) {
				v.Advice = setVariable
			}
		} else {
			r.judgeProbe(l.key, p, &v)
		}
		r.tell(v, source(l))
	}
}

// checkProbe says what is wrong with a label of a probe.
func checkProbe(l label, err error) error {
	switch l.key {
	case keyProbe:
		return err
	case keyDelay, keyTimeout:
		_, err := parseSeconds(l.value)
		return err
	}
	return errors.New("a probe has url, initial_delay_seconds and timeout_seconds")
}

// judgeProbe says of a good label of a probe whether it has an effect.
func (r *reader) judgeProbe(key string, p *dialect.Probe, v *dialect.Verdict) {
	ignore := func(quiet bool, reason, advice string) {
		*v = dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: quiet, Reason: reason, Advice: advice}
	}
	switch {
	case p == nil:
		ignore(false, "there is no probe", "write "+prefix+keyProbe+"=http://container/health")
	case r.env.ContainerPort == 0:
		ignore(true, "no registrator of Pointsman has registered the instance: it is not probed", "")
	case key == keyDelay:
		ignore(true, "an instance gets no request before its first probe was answered: there is nothing to wait for", "")
	}
}
