package routing

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// asides is a language of which each tag is ignored, quietly where it says so, and which shows the domain.
type asides struct{}

func (asides) Name() string          { return "asides" }
func (asides) Wants(tag string) bool { return tag == "quiet" || tag == "heard" }
func (asides) Parse(tags []string, env dialect.Env) (out dialect.Result) {
	for _, tag := range tags {
		out.Verdicts = append(out.Verdicts, dialect.Verdict{Kind: dialect.VerdictIgnored, Sources: []string{tag}, Reason: tag + " in " + env.Domain, Quiet: tag == "quiet"})
	}
	return out
}

// What nobody has to do anything about is shown; it is neither logged nor counted.
func TestQuietVerdicts(t *testing.T) {
	for _, c := range []struct {
		tags            []string
		shown, rejected int
		logged          bool
	}{
		{[]string{"quiet"}, 1, 0, false},
		{[]string{"quiet", "heard"}, 2, 1, true},
	} {
		var log bytes.Buffer
		table := NewTable(Options{Languages: dialect.Languages{asides{}}, Domain: "lab.test", Log: zerolog.New(&log)}).
			Next(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, c.tags...)))
		table.report()
		verdicts := table.Verdicts()
		if len(verdicts) != c.shown || table.Rejected() != c.rejected || verdicts[0].Reason != "quiet in lab.test" {
			t.Errorf("%q: %+v, %d rejected", c.tags, verdicts, table.Rejected())
		}
		if got := log.String(); bytes.Contains(log.Bytes(), []byte("heard")) != c.logged || (got != "") != c.logged {
			t.Errorf("%q: logged %q", c.tags, got)
		}
	}
}
