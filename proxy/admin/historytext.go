package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// text is a history for a terminal, the latest table at the end, where people look first.
func (v *historyView) text(now time.Time) string {
	var b strings.Builder
	for _, t := range slices.Backward(v.Tables) {
		t.write(&b, now)
	}
	if len(v.Tables) == 0 {
		b.WriteString("no table yet\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (t *versionView) write(b *strings.Builder, now time.Time) {
	until, present := now, "  (the present one)"
	if t.Replaced != nil {
		until, present = *t.Replaced, ""
	}
	fmt.Fprintf(b, "table %d  %s  for %s  %s, %s%s\n", t.Table, t.Published.Format("2006-01-02 15:04:05.000 -0700"),
		rounded(until.Sub(t.Published)), counted(t.Requests, "request"), counted(t.Errors, "error"), present)
	fmt.Fprintf(b, "  cause      %s\n", printed(t.Cause.Text))
	for _, s := range t.Cause.Services {
		if detail := s.detail(); detail != "" {
			fmt.Fprintf(b, "             %s: %s\n", printed(s.Service), detail)
		}
	}
	t.Services.write(b, "services")
	t.Instances.write(b, "instances")
	t.Routes.write(b, "routes")
}

// detail is which instance changed, and by which answer of the catalogue.
func (s *causeService) detail() string {
	var words []string
	if s.Instance != "" {
		words = append(words, "instance "+printed(s.Instance))
	}
	if s.Tag != "" {
		words = append(words, "tag "+printed(s.Tag))
	}
	if s.Index > 0 {
		words = append(words, fmt.Sprintf("index %d", s.Index))
	}
	return strings.Join(words, ", ")
}

func (c *changesView) write(b *strings.Builder, what string) {
	for _, x := range [...]struct {
		sign  string
		named namedView
	}{{"+", c.Come}, {"-", c.Gone}, {"~", c.Altered}} {
		for _, text := range x.named.First {
			fmt.Fprintf(b, "  %-10s %s %s\n", what, x.sign, printed(text))
		}
		if n := x.named.Count - len(x.named.First); n > 0 {
			fmt.Fprintf(b, "  %-10s %s and %d more\n", what, x.sign, n)
		}
	}
}

// rounded is a duration as people read it.
func rounded(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// counted is a number of things.
func counted(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
