package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pointsman/pointsman/proxy/admin"
)

// statusScreen makes lines of a Summary, none wider than the screen. What others wrote (names, reasons) does nothing to a terminal.
type statusScreen struct {
	text  strings.Builder
	width int
	now   time.Time
}

// line adds a line: a heading of its own width, and what there is to say. It is cut at the screen's width.
func (v *statusScreen) line(heading, format string, args ...any) {
	text := harmless(fmt.Sprintf("%-14s%s", heading, fmt.Sprintf(format, args...)))
	if utf8.RuneCountInString(text) > v.width {
		text = string([]rune(text)[:v.width-1]) + "…"
	}
	v.text.WriteString(strings.TrimRight(text, " ") + "\n")
}

// harmless puts a mark in the place of what does not print.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func (v *statusScreen) draw(s *admin.Summary) {
	ready := "yes"
	if !s.Ready {
		ready = "NO: " + s.Why
	}
	v.line("Ready", "%s", ready)
	stale := ""
	if s.Stale {
		stale = ", from disk: the catalogue has not confirmed it yet"
	}
	v.line("Table", "%d, since %s%s", s.Table, v.ago(s.Since), stale)
	if s.Oldest != "" {
		v.line("Catalogue", "answered for each service within the last %s (the oldest answer is of %s)", seconds(s.OldestSeconds), s.Oldest)
	}
	v.line("Services", "%d, %d down", s.Services, s.DownCount)
	v.list(s.DownCount, len(s.Down), func(i int) string { return "down: " + s.Down[i] })
	v.line("Instances", "%d, %d get requests, %d ejected", s.Instances, s.Usable, s.Ejected)
	v.line("Routes", "%d, %d tags and lines refused", s.Routes, s.RefusedCount)
	v.list(s.RefusedCount, len(s.Refused), func(i int) string {
		r := s.Refused[i]
		return "refused: " + strings.TrimSpace(r.Service+" "+r.Source) + ": " + r.Reason
	})
	if s.Certificates > 0 {
		v.line("Certificates", "%d, %d to look at", s.Certificates, s.EndingCount)
		v.list(s.EndingCount, len(s.Ending), func(i int) string { return v.certificate(&s.Ending[i]) })
	}
	v.line("Pins", "%d", s.PinCount)
	v.list(s.PinCount, len(s.Pins), func(i int) string {
		p := &s.Pins[i]
		return fmt.Sprintf("%s: its routes are held as they were in table %d, since %s", p.Service, p.Table, v.ago(p.At))
	})
	v.line("Drains", "%d", s.DrainCount)
	v.list(s.DrainCount, len(s.Drains), func(i int) string { return v.drain(&s.Drains[i]) })
	if s.DrainProblem != "" {
		v.line("", "! %s", s.DrainProblem)
	}
	if len(s.Notices) > 0 {
		v.line("", "")
		v.line("Last events", "")
	}
	for i := range s.Notices {
		n := &s.Notices[i]
		times := ""
		if n.Times > 1 {
			times = fmt.Sprintf(" (%d times)", n.Times)
		}
		v.line("  "+n.At.Local().Format(time.TimeOnly), "%-11s %s%s", n.Kind, strings.TrimSpace(strings.TrimSpace(n.Service+" "+n.Instance)+" "+n.Text), times)
	}
}

// list adds the lines that belong to a heading, and how many more there are.
func (v *statusScreen) list(all, shown int, text func(int) string) {
	for i := range shown {
		v.line("", "%s", text(i))
	}
	if all > shown {
		v.line("", "and %d more", all-shown)
	}
}

func (v *statusScreen) certificate(c *admin.SummaryCertificate) string {
	text := c.Name + ": " + c.State
	if !c.Ends.IsZero() {
		text += ", ends " + c.Ends.Local().Format(time.DateOnly) + v.within(c.Ends)
	}
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	return text
}

func (v *statusScreen) drain(d *admin.DrainView) string {
	left := fmt.Sprintf("%d requests left", d.Left)
	switch d.Left {
	case -1:
		left = "not in effect yet"
	case 0:
		left = "no requests left"
	}
	return fmt.Sprintf("%s %s: %s here, the drain ends %s", d.Service, d.Instance, left, d.Until.Local().Format(time.TimeOnly))
}

// within is how many days are left until a time, for people.
func (v *statusScreen) within(t time.Time) string {
	switch days := int(t.Sub(v.now).Hours() / 24); {
	case t.Before(v.now):
		return " (it is over)"
	case days == 0:
		return " (today or tomorrow)"
	case days == 1:
		return " (in a day)"
	default:
		return fmt.Sprintf(" (in %d days)", days)
	}
}

// ago is a time, for people.
func (v *statusScreen) ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return fmt.Sprintf("%s (%s ago)", t.Local().Format(time.DateTime), max(0, v.now.Sub(t)).Round(time.Second))
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}
