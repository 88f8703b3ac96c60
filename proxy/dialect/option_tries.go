package dialect

import (
	"fmt"
	"strconv"
	"time"
)

// triesOptions say how often and how long a request is tried.
var triesOptions = []option{
	timeOption("connect-timeout", func(t *Tries) *time.Duration { return &t.Connect }),
	timeOption("answer-timeout", func(t *Tries) *time.Duration { return &t.Answer }),
	timeOption("progress-timeout", func(t *Tries) *time.Duration { return &t.Progress }),
	{name: "next-upstream", scope: scopeRoute, forwards: true, set: setNext, print: printNext},
	{name: "tries", scope: scopeRoute, forwards: true, set: setMost, print: printMost},
	{name: "failover", scope: scopeRoute, forwards: true, set: setFailover, print: printFailover, judge: judgeFailover},
	{name: "fallback", scope: scopeRoute, forwards: true, repeats: true, set: setFallback, print: printFallback},
	{name: "on", scope: scopeRoute, repeats: true, set: setOn, print: printOn},
	{name: "intercept", scope: scopeRoute, forwards: true, set: setIntercept, print: printIntercept, judge: judgeIntercept},
}

// maxTime bounds times, and maxMost attempts: more is a slip of the pen.
const (
	maxTime = 24 * time.Hour
	maxMost = 100
)

// timeOption is one whose value is a time, as Go or nginx writes it: 500ms, 1m30s, or seconds.
func timeOption(name string, of func(*Tries) *time.Duration) option {
	return option{name: name, scope: scopeRoute, forwards: true,
		set: func(l *line, value string) error {
			d, err := parseTime(value)
			if err != nil {
				return fmt.Errorf("%s=%s is no time between 1ms and %s: write 500ms, 30s or 1m", name, shown(value), maxTime)
			}
			*of(&l.rule.Policy.Tries) = d
			return nil
		},
		print: func(r *Rule) []string {
			d := *of(&r.Policy.Tries)
			return printIf(d > 0, d.String())
		},
	}
}

func parseTime(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if n, bare := strconv.Atoi(value); bare == nil {
		d, err = time.Duration(min(n, int(maxTime/time.Second)+1))*time.Second, nil
	}
	if err == nil && (d < time.Millisecond || d > maxTime) {
		err = strconv.ErrRange
	}
	return d, err
}

func setNext(l *line, value string) (err error) {
	l.rule.Policy.Tries.Next, err = ParseNext(value)
	return err
}

func printNext(r *Rule) []string {
	n := r.Policy.Tries.Next
	return printIf(n.Written(), n.String())
}

func setMost(l *line, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > maxMost {
		return fmt.Errorf("tries=%s is no number between 0 and %d", shown(value), maxMost)
	}
	if n == 0 {
		l.note("tries=0 has no effect: each instance once is what next-upstream alone means")
	}
	l.rule.Policy.Tries.Most = n
	return nil
}

func printMost(r *Rule) []string {
	n := r.Policy.Tries.Most
	return printIf(n > 0, strconv.Itoa(n))
}
