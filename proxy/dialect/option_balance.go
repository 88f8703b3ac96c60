package dialect

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// balanceOptions say how an instance is chosen.
var balanceOptions = []option{
	{name: "weight", scope: scopeInstance, fabio: true, set: setWeight, print: printWeight},
	{name: "share", scope: scopeInstance, set: setShare, print: printShare, judge: judgeShare},
	{name: "backup", scope: scopeInstance, forwards: true, set: setBackup, print: printBackup},
	{name: "max-conns", scope: scopeInstance, forwards: true, set: setMaxConns, print: printMaxConns},
	{name: "slow-start", scope: scopeInstance, forwards: true, set: setSlowStart, print: printSlowStart},
	{name: "balance", scope: scopeRoute, forwards: true, set: setBalance, print: printBalance},
	{name: "hash-balance", scope: scopeRoute, forwards: true, set: setBound, print: printBound, judge: judgeBound},
	{name: "sticky", scope: scopeRoute, forwards: true, set: setSticky, print: printSticky},
}

const (
	// maxWeight is Consul's bound for a weight, and nginx's.
	maxWeight = 65535
	// maxShare keeps sums finite. Shares above 1 are scaled down anyway.
	maxShare = 1e6
	// maxConns is more than a process can have open.
	maxConns = 1_000_000
	// maxBound is where a bound is none any more.
	maxBound = 100
)

// setWeight: in Fabio's tags a weight is a fixed share.
func setWeight(l *line, value string) (err error) {
	if l.fabio {
		l.rule.Options.Share, err = parseShare("weight", value)
		return err
	}
	n, err := parseWhole("weight", value, 1, maxWeight)
	switch f, bad := strconv.ParseFloat(value, 64); {
	case err == nil:
		l.rule.Options.Balance.Weight = n
	case bad == nil && f == 0:
		return errors.New("weight=0 takes no requests; an instance that takes them only when no other can is written: backup")
	case bad == nil && f > 0 && f < maxWeight:
		return fmt.Errorf("weight=%s is no whole number; a fixed share of the route is written: share=%s", shown(value), shown(value))
	}
	return err
}

func printWeight(r *Rule) []string {
	n := r.Options.Balance.Weight
	return printIf(n > 0, strconv.Itoa(n))
}

func parseShare(name, value string) (float64, error) {
	w, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) {
		return 0, fmt.Errorf("%s=%s is not a number", name, shown(value))
	}
	return min(max(w, 0), maxShare), nil
}

func setShare(l *line, value string) error {
	w, err := parseShare("share", value)
	if err == nil && w == 0 {
		return fmt.Errorf("share=%s is not above 0", shown(value))
	}
	l.rule.Options.Share = w
	return err
}

func printShare(r *Rule) []string {
	return printIf(r.Options.Share > 0, strconv.FormatFloat(r.Options.Share, 'g', -1, 64))
}

func judgeShare(l *line) {
	if b := &l.rule.Options.Balance; b.Weight > 0 {
		l.note("weight=%d has no effect beside share", b.Weight)
		b.Weight = 0
	}
}

func setBackup(l *line, value string) (err error) {
	l.rule.Options.Balance.Backup, err = parseSwitch("backup", value)
	return err
}

// parseSwitch reads an option that is a name alone as a rule.
func parseSwitch(name, value string) (bool, error) {
	switch value {
	case "", "on", "true":
		return true, nil
	case "off", "false":
		return false, nil
	}
	return false, fmt.Errorf("%s=%s is neither on nor off", name, shown(value))
}

func printBackup(r *Rule) []string { return printIf(r.Options.Balance.Backup, "") }

func setMaxConns(l *line, value string) (err error) {
	l.rule.Options.Balance.MaxConns, err = parseWhole("max-conns", value, 0, maxConns)
	return err
}

func printMaxConns(r *Rule) []string {
	n := r.Options.Balance.MaxConns
	return printIf(n > 0, strconv.Itoa(n))
}

func setSlowStart(l *line, value string) error {
	d, err := parseTime(value)
	if err != nil {
		return fmt.Errorf("slow-start=%s is no time between 1ms and %s: write 30s or 1m", shown(value), maxTime)
	}
	l.rule.Options.Balance.SlowStart = d
	return nil
}

func printSlowStart(r *Rule) []string {
	d := r.Options.Balance.SlowStart
	return printIf(d > 0, d.String())
}

func setBalance(l *line, value string) error {
	asked, err := ParseBalance(value)
	b := &l.rule.Policy.Balance
	b.Method, b.Key, b.KeyName = asked.Method, asked.Key, asked.KeyName
	return err
}

func printBalance(r *Rule) []string {
	b := &r.Policy.Balance
	return printIf(b.Method != MethodDefault, b.String())
}

func setBound(l *line, value string) error {
	w, err := strconv.ParseFloat(value, 64)
	if err != nil || !(w > 1 && w <= maxBound) {
		return fmt.Errorf("hash-balance=%s is no number above 1 and up to %d", shown(value), maxBound)
	}
	l.rule.Policy.Balance.Bound = w
	return nil
}

func printBound(r *Rule) []string {
	b := r.Policy.Balance.Bound
	return printIf(b > 0, strconv.FormatFloat(b, 'g', -1, 64))
}

func judgeBound(l *line) {
	if b := &l.rule.Policy.Balance; b.Method != MethodHash && b.Method != MethodDefault {
		l.note("hash-balance has no effect beside balance=%s", b)
		b.Bound = 0
	}
}

func setSticky(l *line, value string) error {
	b := &l.rule.Policy.Balance
	on, err := parseSwitch("sticky", value)
	switch {
	case err == nil:
		b.Sticky, b.Cookie = on, ""
	case !isToken(value) || len(value) > maxCookie:
		return fmt.Errorf("sticky=%s is no name of a cookie", shown(value))
	default:
		b.Sticky, b.Cookie = true, value
	}
	return nil
}

// maxCookie bounds the name: it goes out with each new client.
const maxCookie = 64

func printSticky(r *Rule) []string { return printIf(r.Policy.Balance.Sticky, r.Policy.Balance.Cookie) }
