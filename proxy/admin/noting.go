package admin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// What happens elsewhere becomes a notice here: what others keep as values is told in a sentence.

// Ejection notes one, with its evidence, or its end.
func (n *Notices) Ejection(e record.Ejection) {
	one := Notice{At: e.At, Kind: NoticeEjected, Service: e.Service, Instance: e.Instance}
	switch {
	case e.Ended:
		one.Kind, one.Text = NoticeReturned, "it gets requests again"
	case e.Shadow:
		one.Text = "it would be ejected: " + evidenceOf(&e.Ejection)
	default:
		one.Text = "ejected for " + e.For.String() + ": " + evidenceOf(&e.Ejection)
	}
	n.Add(one)
}

// evidenceOf is why an instance is ejected, for people.
func evidenceOf(e *balancer.Ejection) string {
	text := fmt.Sprintf("%d requests failed (%s), %d were answered well", e.Failed, e.Reason, e.Good)
	if e.Trial {
		text = "its trial failed (" + e.Reason.String() + ")"
	}
	if e.Reason != balancer.ReasonMaxFails {
		text += fmt.Sprintf("; of those at %d others %.1f %% failed", e.Others, 100*e.OthersShare)
	}
	if e.Times > 1 {
		text += fmt.Sprintf("; for the %d. time in a row", e.Times)
	}
	return text
}

// Decision notes what became of an instance whose removal was in doubt.
func (n *Notices) Decision(d discovery.Decision) {
	what := "listed again: "
	switch {
	case d.Kept:
		what = "kept in service: "
	case d.Removed:
		what = "removed: "
	}
	n.Add(Notice{At: d.At, Kind: NoticeRemoval, Service: d.Service, Instance: d.Instance, Text: what + d.Why})
}

// Outage notes that a catalogue stopped answering, or answers again.
func (n *Notices) Outage(o discovery.Outage) {
	text := o.Whose + " answers again, after " + o.For.Round(time.Millisecond).String()
	switch {
	case o.Denied:
		text = o.Whose + " denies access, the last view stays: " + o.Why.Error()
	case o.Why != nil:
		text = o.Whose + " does not answer, the last view stays: " + o.Why.Error()
	}
	n.Add(Notice{Kind: NoticeCatalogue, Text: text})
}

// Follow notes each table of s, and what it newly refuses, until ctx ends. It always returns nil.
func (n *Notices) Follow(ctx context.Context, s *routing.Switch) error {
	following := s.Follow()
	defer following.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-following.More():
		}
		for _, t := range following.Take() {
			n.table(t)
		}
	}
}

// mostRefused is how many refusals of one table are notices: /api/routes lists all.
const mostRefused = 20

func (n *Notices) table(t *routing.Table) {
	n.Add(noticeOf(t))
	for i, v := range t.Told() {
		if i == mostRefused {
			n.Add(Notice{Kind: NoticeRefused, Text: strconv.Itoa(len(t.Told())-i) + " more tags or instances are refused or have no effect"})
			return
		}
		text := v.Kind.String() + ": " + v.Text()
		if tags := v.Tags(); tags != "" {
			text = tags + " " + text
		}
		n.Add(Notice{Kind: NoticeRefused, Service: v.Service, Instance: v.Instance, Text: text})
	}
}

// noticeOf is why a table differs from the one before, for people.
func noticeOf(t *routing.Table) Notice {
	c, one := &t.Cause, Notice{At: t.Taken, Kind: NoticeTable}
	var parts []string
	for i := range c.Changes {
		if text := c.Changes[i].What(); text != "" {
			parts = append(parts, c.Changes[i].Service+": "+text)
		}
	}
	switch {
	case len(parts) == 0 && t.Number == 1:
		services, usable, routes := t.Totals()
		one.Text = fmt.Sprintf("the first table: services %d, usable instances %d, routes %d", services, usable, routes)
	case len(parts) == 0:
		one.Text = c.String()
	case len(parts) == 1 && c.More+len(c.Texts) == 0:
		ch := &c.Changes[0]
		one.Service, one.Text = ch.Service, ch.What()
		if ch.Added+ch.Removed+ch.Changed == 1 {
			one.Instance = ch.Instance
		}
	default:
		if c.More > 0 {
			parts = append(parts, strconv.Itoa(c.More)+" more services changed")
		}
		for i := range c.Texts {
			parts = append(parts, c.Texts[i].String())
		}
		one.Text = strings.Join(parts, "; ")
	}
	return one
}
