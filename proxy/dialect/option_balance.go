package dialect

import (
	"fmt"
	"math"
	"strconv"
)

// balanceOptions say how an instance is chosen.
var balanceOptions = []option{
	{name: "weight", scope: scopeInstance, fabio: true, set: setWeight, print: printWeight},
}

// maxWeight keeps sums finite. Shares above 1 are scaled down anyway.
const maxWeight = 1e6

func setWeight(l *line, value string) error {
	w, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) {
		return fmt.Errorf("weight=%s is not a number", shown(value))
	}
	l.rule.Options.Weight = min(max(w, 0), maxWeight)
	return nil
}

func printWeight(r *Rule) []string {
	if r.Options.Weight == 0 {
		return nil
	}
	return []string{strconv.FormatFloat(r.Options.Weight, 'g', -1, 64)}
}
