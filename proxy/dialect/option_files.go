package dialect

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// filesOptions let a folder's files answer.
var filesOptions = []option{
	{name: "files", scope: scopeRoute, operator: true, answers: true, set: setFiles, print: printFiles},
	{name: "try", scope: scopeRoute, operator: true, set: setTry, print: printTry, judge: judgeTry},
	{name: "cache", scope: scopeRoute, operator: true, set: setCache, print: printCache, judge: judgeCache},
}

func setFiles(l *line, value string) error {
	if !strings.HasPrefix(value, "/") || strings.ContainsRune(value, 0) || path.Clean(value) == "/" {
		return fmt.Errorf("files=%s: want the path of a folder, with a slash in front, and not all of the disk", shown(value))
	}
	l.rule.Policy.Files.Folder = path.Clean(value)
	return nil
}

func printFiles(r *Rule) []string { return printIf(r.Policy.Files.Folder != "", r.Policy.Files.Folder) }

// maxTry bounds how often a request makes us look on the disk.
const maxTry = 8

func setTry(l *line, value string) error {
	list := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '|' })
	if len(list) == 0 || len(list) > maxTry {
		return fmt.Errorf("try wants 1 to %d paths", maxTry)
	}
	for i, one := range list {
		rest := strings.ReplaceAll(one, TryURI, "/x")
		switch {
		case one == TryNone && i > 0 && i == len(list)-1:
		case one[0] == '=':
			return errors.New("of statuses try knows =404 alone, at its end")
		case rest[0] != '/':
			return fmt.Errorf("try=%s is neither a path nor $uri", shown(one))
		case strings.ContainsAny(rest, "$\x00\\") || strings.Contains(rest+"/", "/../"):
			return fmt.Errorf("try=%s: of variables there is $uri alone, and no path goes upwards", shown(one))
		}
	}
	l.rule.Policy.Files.Try = list
	return nil
}

func printTry(r *Rule) []string {
	list := r.Policy.Files.Try
	return printIf(len(list) > 0, strings.Join(list, "|"))
}

func judgeTry(l *line) {
	if f := &l.rule.Policy.Files; f.Folder == "" {
		l.note("try has no effect without files")
		f.Try = nil
	}
}

// maxCache is ten years, nginx's "max".
const maxCache = 10 * 365 * 24 * time.Hour

func setCache(l *line, value string) error {
	f := &l.rule.Policy.Files
	if value == "0" || value == "off" {
		f.Cache = NoCache
		return nil
	}
	d, err := time.ParseDuration(value)
	if days, ok := strings.CutSuffix(value, "d"); ok { // as nginx has it
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < time.Second || d > maxCache {
		return fmt.Errorf("cache=%s: want a time such as 10m, 1h or 30d, or 0", shown(value))
	}
	f.Cache = d.Truncate(time.Second)
	return nil
}

func printCache(r *Rule) []string {
	switch c := r.Policy.Files.Cache; c {
	case 0:
		return nil
	case NoCache:
		return []string{"0"}
	default:
		return []string{c.String()}
	}
}

func judgeCache(l *line) {
	if f := &l.rule.Policy.Files; f.Folder == "" {
		l.note("cache has no effect without files")
		f.Cache = 0
	}
}
