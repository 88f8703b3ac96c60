package admin

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// text is an explanation for a terminal.
func (v explainView) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  table     %s\n", v.Request, v.tableText())
	switch {
	case v.Route == nil:
		b.WriteString("  no route takes it: 404\n")
	case v.Closed:
		fmt.Fprintf(&b, "  route     %s\n            closed: 503 to everybody, as a restriction can't be honoured or could not be judged\n", v.Route.text())
		for _, why := range v.Refused {
			fmt.Fprintf(&b, "            %s\n", printed(why))
		}
	default:
		fmt.Fprintf(&b, "  route     %s\n", v.Route.text())
	}
	if v.Route != nil {
		for _, p := range v.Route.Pinned {
			fmt.Fprintf(&b, "  pinned    %s asks for it as in table %d, since %s\n", printed(p.Service), p.Table, utc(p.At))
		}
	}
	for _, line := range v.instances() {
		fmt.Fprintf(&b, "  instance  %s\n", line)
	}
	if v.Route != nil {
		if share := v.Route.HomeShare; share != nil {
			fmt.Fprintf(&b, "  zone      %.0f %% of the requests stay in %s\n", 100**share, printed(v.Zone))
		}
		for _, m := range v.Route.Instances {
			if m.ID == "" { // no service has registered it
				state := ""
				if m.Check == "failing" {
					state = "  " + failsCheck
				}
				fmt.Fprintf(&b, "  upstream  %s  %.0f %%%s\n", m.Address, 100*m.Share, state)
			}
		}
		if len(v.Route.Instances) == 0 && !v.Closed && (v.Reply == nil || v.Reply.Status == http.StatusServiceUnavailable) {
			b.WriteString("            no instance may be asked: 503\n")
		}
		for _, s := range v.Route.Sets {
			fmt.Fprintf(&b, "  %s\n", s.text())
		}
		v.writeTreatment(&b)
	}
	for _, o := range v.Others {
		fmt.Fprintf(&b, "  not       %s  (%s)  %s\n", strings.Join(append([]string{o.Route}, o.Match...), " "), o.Service, o.Reason)
	}
	if v.More > 0 {
		fmt.Fprintf(&b, "            and %d more\n", v.More)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writeTreatment writes what a request of the route meets, and where the next ones go.
func (v *explainView) writeTreatment(b *strings.Builder) {
	if v.Reply != nil && !v.Closed {
		fmt.Fprintf(b, "  answer    %d, by the proxy itself: %s\n", v.Reply.Status, printed(strings.TrimSpace(v.Reply.Outcome+" "+v.Reply.Detail)))
	}
	if v.Sent != nil {
		fmt.Fprintf(b, "  sent as   %s, Host: %s\n", printed(v.Sent.Path), printed(v.Sent.Host))
	}
	if v.Policy != nil {
		fmt.Fprintf(b, "  policy    %s\n", v.Policy.text())
	}
	if v.Next != nil {
		for i, line := range v.Next.text() {
			fmt.Fprintf(b, "  %-9s %s\n", [...]string{"next", ""}[min(i, 1)], line)
		}
	}
}

// utc is a time for people whose clocks may have another zone than the proxy's.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

const failsCheck = "fails its health check"

// text is a set and how many of it may be asked.
func (s *setView) text() string {
	what := "on=      "
	if s.Fallback {
		what = "fallback "
	}
	instances := "instances"
	if s.Instances == 1 {
		instances = "instance"
	}
	text := fmt.Sprintf("%s %s  %d %s", what, s.Service, s.Instances, instances)
	if s.Usable != nil {
		text += fmt.Sprintf(", %d usable", *s.Usable)
	}
	return text
}

// text is a route as it is asked for.
func (r *routeView) text() string {
	name := r.Host + r.Path
	if r.Default {
		name = "(the default service)"
	}
	return strings.Join(append([]string{name}, r.Match...), " ") + "  (" + r.Service + ")"
}

// printed is a foreign text as a terminal may show it.
func printed(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(s)
	}
	return s
}

// instances are lines about them: what each has (service, ID, address, status) stands in columns, the rest behind.
func (v *explainView) instances() (lines []string) {
	const columns = 4
	var widths [columns]int
	rows := make([][]string, 0, len(v.Instances))
	for i := range v.Instances {
		words := v.Instances[i].words(v.Zone != "")
		for x := range widths {
			widths[x] = max(widths[x], utf8.RuneCountInString(words[x]))
		}
		rows = append(rows, words)
	}
	for _, words := range rows {
		line := ""
		for x, word := range words {
			if line += word; x < columns {
				line += strings.Repeat(" ", widths[x]-utf8.RuneCountInString(word))
			}
			line += "  "
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// words are an instance and its state, with zones also where it stands.
func (i *explainedView) words(zones bool) []string {
	words := []string{i.Service, i.ID, net.JoinHostPort(i.Address, strconv.Itoa(i.Port)), i.Status}
	if zones && i.Zone != "" {
		words = append(words, "in "+printed(i.Zone))
	}
	switch {
	case !i.Draining.IsZero():
		words = append(words, "no new requests: draining until "+utc(i.Draining))
	case !i.InRoute:
		words = append(words, "gets no requests of this route")
	case i.StandingView == nil: // of an earlier table
		words = append(words, fmt.Sprintf("%.0f %%", 100*i.Share))
	case i.Ejected:
		words = append(words, fmt.Sprintf("%.0f %%", 100*i.Share), strings.TrimSpace("ejected "+i.EjectedFor))
	case i.Check == "failing":
		words = append(words, fmt.Sprintf("%.0f %%", 100*i.Share), failsCheck)
	case !i.Routable:
		words = append(words, fmt.Sprintf("%.0f %%", 100*i.Share), "refuses connections")
	default:
		words = append(words, fmt.Sprintf("%.0f %%", 100*i.Share))
	}
	if i.Backup {
		words = append(words, "backup")
	}
	if i.LoadView == nil {
		return words
	}
	if i.InFlight > 0 {
		words = append(words, fmt.Sprintf("%d in flight", i.InFlight))
	}
	if i.Latency > 0 {
		words = append(words, i.Latency.Round(10*time.Microsecond).String())
	}
	return words
}
