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

// fitTags drops tags that nobody downstream should have to cope with.
func fitTags(tags []string, source string, g *complaintCollector) []string {
	out := make([]string, 0, min(len(tags), maxTags))
	for i, tag := range tags {
		problem := flaw(tag)
		if len(tag) > maxTag {
			problem = "is longer than " + strconv.Itoa(maxTag) + " bytes"
		}
		if problem != "" {
			g.add(source, "tag "+Shown(tag)+" "+problem, "the tag is ignored")
			continue
		}
		if len(out) == maxTags {
			g.add(source, "has more than "+strconv.Itoa(maxTags)+" tags", strconv.Itoa(len(tags)-i)+" tags are ignored")
			break
		}
		out = append(out, tag)
	}
	return out
}
