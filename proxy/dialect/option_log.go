package dialect

import "fmt"

// logOptions say what is logged of a route's requests.
var logOptions = []option{
	{name: "access-log", scope: scopeRoute, set: setAccessLog, print: printAccessLog},
}

func setAccessLog(l *line, value string) error {
	switch value {
	case "off":
		l.rule.Policy.Log.Off = true
	case "on":
		l.rule.Policy.Log.Off = false
	default:
		return fmt.Errorf("access-log=%s is neither off nor on", shown(value))
	}
	return nil
}

func printAccessLog(r *Rule) []string { return printIf(r.Policy.Log.Off, "off") }
