package registrator

import (
	"slices"
	"strconv"
	"strings"
)

// splitTags splits at commas: "\," is a comma within a tag, empty tags are dropped, blanks are kept.
func splitTags(s string) []string {
	var out []string
	var tag strings.Builder
	flush := func() {
		if tag.Len() > 0 {
			out = append(out, tag.String())
			tag.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ',':
			tag.WriteByte(',')
			i++
		case s[i] == ',':
			flush()
		default:
			tag.WriteByte(s[i])
		}
	}
	flush()
	return out
}

// splitTagsReversed is splitTags in the order in which Registrator's HEAD sends them.
func splitTagsReversed(s string) []string {
	out := splitTags(s)
	slices.Reverse(out)
	return out
}

// splitTagsV7 knows no escape and keeps empty tags.
func splitTagsV7(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// fitTags drops tags that nobody downstream should have to cope with. One that asks for a route keeps its front, so that its language refuses
// the route: a restriction that is dropped would leave another one more open than its owner wrote it.
func (d *draft) fitTags(tags []string, source string) []string {
	out := make([]string, 0, min(len(tags), maxTags))
	for i, tag := range tags {
		if len(out) == maxTags {
			d.g.add(source, "has more than "+strconv.Itoa(maxTags)+" tags", strconv.Itoa(len(tags)-i)+" tags are ignored")
			if slices.ContainsFunc(tags[i:], d.isRoute) {
				d.g.add(source, "has routing tags among those", "all routes to the container are closed")
				out = append(out, d.o.Labels.TooMany)
			}
			break
		}
		problem, mark := flaw(tag), d.o.Labels.Unfit
		if len(tag) > maxTag {
			problem, mark = "is longer than "+strconv.Itoa(maxTag)+" bytes", d.o.Labels.TooLong
		}
		switch {
		case problem == "":
			out = append(out, tag)
		case d.isRoute(tag):
			d.g.add(source, "tag "+Shown(tag)+" "+problem, "the route that it asks for is refused")
			out = append(out, fitTag(tag)+mark)
		default:
			d.g.add(source, "tag "+Shown(tag)+" "+problem, "the tag is ignored")
		}
	}
	return out
}

func (d *draft) isRoute(tag string) bool { return d.o.Labels.IsRoute != nil && d.o.Labels.IsRoute(tag) }

// fitTag is what can be kept of a tag: its key, and the front of its value.
func fitTag(tag string) string {
	if key, value, ok := strings.Cut(tag, "="); ok && flaw(key) == "" && len(key) <= maxName {
		return key + "=" + fitFront(value)
	}
	return fitFront(tag)
}
