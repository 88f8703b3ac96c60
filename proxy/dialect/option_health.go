package dialect

import (
	"fmt"
	"strconv"
)

// healthOptions say how instances are found healthy.
var healthOptions = []option{
	{name: "max-fails", scope: scopeInstance, forwards: true, set: setMaxFails, print: printMaxFails},
	{name: "fail-timeout", scope: scopeInstance, forwards: true, set: setFailTimeout, print: printFailTimeout},
}

// mostFails bounds max-fails: more is a slip of the pen.
const mostFails = 1_000_000

func setMaxFails(l *line, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > mostFails {
		return fmt.Errorf("max-fails=%s is no number between 0 and %d", shown(value), mostFails)
	}
	l.rule.Options.Health.MaxFails, l.rule.Options.Health.Fails = n, true
	return nil
}

func printMaxFails(r *Rule) []string {
	h := &r.Options.Health
	return printIf(h.Fails, strconv.Itoa(h.MaxFails))
}

func setFailTimeout(l *line, value string) error {
	d, err := parseTime(value)
	if err != nil {
		return fmt.Errorf("fail-timeout=%s is no time between 1ms and %s: write 500ms, 10s or 1m", shown(value), maxTime)
	}
	l.rule.Options.Health.FailTimeout = d
	return nil
}

func printFailTimeout(r *Rule) []string {
	d := r.Options.Health.FailTimeout
	return printIf(d > 0, d.String())
}
