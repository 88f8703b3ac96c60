package dialect

import "strings"

// wayOptions say how an instance is spoken to.
var wayOptions = []option{
	{name: "proto", scope: scopeInstance, fabio: true, forwards: true, set: setProto, print: printProto},
	{name: "tlsskipverify", scope: scopeInstance, fabio: true, forwards: true, set: setSkip, print: printSkip, judge: judgeSkip},
}

func setProto(l *line, value string) error {
	value = strings.ToLower(value)
	l.rule.Options.TLS = value == "https"
	if value != "https" && value != "http" && value != "" {
		l.note("proto=%s is not known; http is used", shown(value))
	}
	return nil
}

func printProto(r *Rule) []string { return printIf(r.Options.TLS, "https") }

func setSkip(l *line, value string) error {
	l.rule.Options.TLSSkipVerify = value == "true"
	if value != "true" && value != "false" {
		l.note("tlsskipverify=%s is neither true nor false; certificates are verified", shown(value))
	}
	return nil
}

func printSkip(r *Rule) []string { return printIf(r.Options.TLSSkipVerify, "true") }

func judgeSkip(l *line) {
	if o := &l.rule.Options; o.TLSSkipVerify && !o.TLS {
		l.note("tlsskipverify=true has no effect without proto=https")
		o.TLSSkipVerify = false
	}
}

// printIf is a value where it is asked for.
func printIf(on bool, value string) []string {
	if !on {
		return nil
	}
	return []string{value}
}
