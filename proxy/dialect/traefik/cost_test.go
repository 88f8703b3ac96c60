package traefik

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// What a container's labels cost those who read them is bounded: routes of others wait for it.
func TestWorkForOneContainersRules(t *testing.T) {
	rule := func(bytes int, part func(i int) string, between string) string {
		text := part(0)
		for i := 1; len(text) < bytes; i++ {
			text += between + part(i)
		}
		return text
	}
	one := func(i int) string { return fmt.Sprintf("Query(`%x`)", i) }
	pairs := func(i int) string { // sixty-four alternatives, each of all that stands behind them
		if i < 6 {
			return "(" + one(i) + "||" + one(i+1<<12) + ")"
		}
		return one(i)
	}
	for name, c := range map[string]struct {
		rule   string
		labels int
		want   string
	}{
		"a label of 60 KiB":               {rule(60<<10, one, "&&"), 1, "more than 256 conditions at once"},
		"one that may not hold":           {"!(" + rule(60<<10, one, "||") + ")", 1, "more than 256 conditions at once"},
		"one with alternatives":           {rule(60<<10, pairs, "&&"), 1, "more than 256 conditions at once"},
		"many alternatives":               {rule(60<<10, one, "||"), 1, "more than 64 alternatives"},
		"thirty labels of 2 KiB":          {rule(1900, pairs, "&&"), 30, "another router of the container takes the same requests"},
		"thirty labels that may not hold": {"!(" + rule(1400, one, "||") + ")", 30, "another router of the container takes the same requests"},
	} {
		t.Run(name, func(t *testing.T) {
			tags := []string{"traefik.enable=true"}
			for i := range c.labels {
				tags = append(tags, fmt.Sprintf("traefik.http.routers.r%d.rule=%s", i, c.rule))
			}
			begin := time.Now()
			r := dialect.Languages{Options{}.Language()}.Parse(tags, dialect.Env{})
			if took := time.Since(begin); took > time.Minute { // half a second on a quiet one
				t.Errorf("reading them took %s", took)
			}
			told := ""
			for _, v := range r.Verdicts {
				told += v.Reason + "\n"
			}
			if !strings.Contains(told, c.want) {
				t.Errorf("told %.300s", told)
			}
		})
	}
}
