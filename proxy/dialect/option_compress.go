package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// compressOptions say how responses are compressed.
var compressOptions = []option{
	{name: "compress", scope: scopeRoute, set: setCompress, print: printCompress, judge: judgeCompress},
	{name: "compress-types", scope: scopeRoute, set: setCompressTypes, print: printCompressTypes, judge: judgeCompressTypes},
	{name: "compress-min-size", scope: scopeRoute, set: setCompressMin, print: printCompressMin, judge: judgeCompressMin},
}

// compressCodings are all codings, in the order of preference where the line names none: by what a response costs.
func compressCodings() []string { return []string{"zstd", "br", "gzip"} }

func setCompress(l *line, value string) error {
	c := &l.rule.Policy.Compress
	switch value {
	case "", "on":
		c.Codings = compressCodings()
		return nil
	case "off":
		c.Codings = nil
		return nil
	}
	c.Codings = nil
	for _, name := range l.list(value) {
		switch {
		case !slices.Contains(compressCodings(), name):
			return fmt.Errorf("compress=%s: there are gzip, zstd and br", shown(name))
		case slices.Contains(c.Codings, name):
			return fmt.Errorf("compress names %s twice", name)
		}
		c.Codings = append(c.Codings, name)
	}
	return nil
}

func printCompress(r *Rule) []string {
	c := r.Policy.Compress.Codings
	if slices.Equal(c, compressCodings()) {
		return []string{""}
	}
	return printIf(len(c) > 0, strings.Join(c, "|"))
}

// judgeCompress knows that answers of our own are too short.
func judgeCompress(l *line) {
	if p := &l.rule.Policy; (p.Redirect != nil || p.Respond != nil) && len(p.Compress.Codings) > 0 {
		l.note("compress has no effect beside an answer of the proxy's own")
		p.Compress.Codings = nil
	}
}

// maxCompressTypes bounds a list that each response is compared with.
const maxCompressTypes = 64

func setCompressTypes(l *line, value string) error {
	var types []string
	for _, t := range l.list(strings.ToLower(value)) {
		kind, sub, _ := strings.Cut(t, "/")
		if t != "*" && (!isTypeWord(kind) || sub != "*" && !isTypeWord(sub)) {
			return fmt.Errorf("compress-types=%s is no content type such as text/html, text/* or *", shown(t))
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if len(types) > maxCompressTypes {
		return fmt.Errorf("compress-types has more than %d types", maxCompressTypes)
	}
	l.rule.Policy.Compress.Types = types
	return nil
}

// isTypeWord says whether s is one half of a content type (RFC 6838 section 4.2).
func isTypeWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == ""
}

func printCompressTypes(r *Rule) []string {
	t := r.Policy.Compress.Types
	return printIf(len(t) > 0, strings.Join(t, "|"))
}

func judgeCompressTypes(l *line) {
	if c := &l.rule.Policy.Compress; len(c.Codings) == 0 {
		l.note("compress-types has no effect without compress")
		c.Types = nil
	}
}

func setCompressMin(l *line, value string) error {
	n, err := parseBytes(value)
	if err != nil {
		return fmt.Errorf("compress-min-size=%s: %w", shown(value), err)
	}
	l.rule.Policy.Compress.MinSize = max(1, n)
	return nil
}

// parseBytes reads a size as nginx does: a whole number of bytes, with k or m behind it of kibibytes or mebibytes.
func parseBytes(value string) (int64, error) {
	const most = 1 << 40
	digits, unit := strings.ToLower(value), int64(1)
	if rest, ok := strings.CutSuffix(digits, "k"); ok {
		digits, unit = rest, 1<<10
	} else if rest, ok := strings.CutSuffix(digits, "m"); ok {
		digits, unit = rest, 1<<20
	}
	n, err := strconv.ParseUint(digits, 10, 40)
	if err != nil || int64(n) > most/unit {
		return 0, errors.New("want a size such as 1000, 20k or 1m")
	}
	return int64(n) * unit, nil
}

func printCompressMin(r *Rule) []string {
	n := r.Policy.Compress.MinSize
	return printIf(n > 0, strconv.FormatInt(n, 10))
}

func judgeCompressMin(l *line) {
	if c := &l.rule.Policy.Compress; len(c.Codings) == 0 {
		l.note("compress-min-size has no effect without compress")
		c.MinSize = 0
	}
}
