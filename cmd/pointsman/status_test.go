package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pointsman/pointsman/proxy/admin"
)

// What others wrote does nothing to a terminal, and no line is wider than it.
func TestStatusFitsTheScreen(t *testing.T) {
	t.Parallel()
	const nasty = "a\x1b[2J\nb\u202e"
	s := admin.Summary{Why: nasty, Table: 7, Oldest: nasty, Down: []string{nasty, strings.Repeat("ü", 300)}, DownCount: 30, Refused: []admin.SummaryRefusal{{Service: nasty, Source: nasty, Reason: nasty}},
		RefusedCount: 1, Certificates: 2, EndingCount: 1, Ending: []admin.SummaryCertificate{{Name: nasty, State: "in-use", Ends: time.Now(), Reason: nasty}},
		Drains: []admin.DrainView{{Service: nasty, Instance: nasty, Left: -1}}, DrainCount: 12, Pins: []admin.PinView{{Service: nasty, Table: 41, At: time.Now()}}, PinCount: 3, DrainProblem: nasty, Notices: []admin.SummaryNotice{{Kind: nasty, Text: nasty, Times: 3}}}
	for _, width := range []int{leastWidth, 80, 200} {
		v := statusScreen{width: width, now: time.Now()}
		v.draw(&s)
		for line := range strings.Lines(v.text.String()) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width || strings.ContainsAny(line, "\x1b\u202e\r") {
				t.Errorf("%d: %q", width, line)
			}
		}
		for _, want := range []string{"NO: a", "30 down", "and 28 more", "Pins          3", "as they were in table 41", "and 2 more", "Drains        12", "and 11 more", "not in effect yet", "(3 times)"} {
			if width == 200 && !strings.Contains(v.text.String(), want) {
				t.Errorf("%q is missing in:\n%s", want, v.text.String())
			}
		}
	}
}

func TestStatusOfARunningProxy(t *testing.T) {
	t.Parallel()
	_, _, at := startDemo(t)
	o := execute(t, binary, nil, "status", "-admin", at)
	for _, want := range []string{"Ready         yes", "Services      1, 0 down", "Instances     3, 3 get requests, 0 ejected"} {
		if o.code != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("%d: %q is missing in:\n%s%s", o.code, want, o.stdout, o.stderr)
		}
	}
	for _, args := range [][]string{{"pin", "-admin", at, "web@1"}, {"drain", "-admin", at, "web-2"}} {
		if o := execute(t, binary, nil, args...); o.code != 0 || strings.Contains(o.stdout, `"`) {
			t.Fatalf("%v: %+v", args, o)
		}
	}
	o = execute(t, binary, nil, "status", "-admin", at)
	for _, want := range []string{"Pins          1\n", "web: its routes are held as they were in table 1, since ", "Drains        1\n", ": no requests left here, the drain ends ", "Last events\n"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("%q is missing in:\n%s%s", want, o.stdout, o.stderr)
		}
	}
	if o := execute(t, binary, nil, "pin", "-admin", at, "web@99"); o.code != exitFatal || !strings.HasPrefix(o.stderr, "pointsman pin: there is no table 99 yet") {
		t.Errorf("%+v", o)
	}
	if o := execute(t, binary, nil, "status", "-admin", at, "-watch"); o.code != exitUsage || !strings.Contains(o.stderr, "needs a terminal") {
		t.Errorf("%+v", o)
	}
	if o := execute(t, binary, nil, "status", "-admin", "127.0.0.1:1"); o.code != exitFatal || !strings.Contains(o.stderr, "refused") {
		t.Errorf("%+v", o)
	}
}

// On a small terminal the beginning stays in sight, and not the end.
func TestStatusFitsALowTerminal(t *testing.T) {
	t.Parallel()
	for height, want := range map[int]string{5: "a\nb\nc\nd\n", 4: "a\nb\n…\n", 1: "…\n"} {
		if got := fit("a\nb\nc\nd\n", height); got != want {
			t.Errorf("%d lines: %q, want %q", height, got, want)
		}
	}
}
