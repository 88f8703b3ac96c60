package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// option is one of a command, as its -help tells.
type option struct{ name, word, def, meaning string }

var (
	helpLine  = regexp.MustCompile(`(?m)^  -(\S+)(?: (\S+))? *\n +(.*)$`)
	helpDef   = regexp.MustCompile(` \(default (.*)\)$`)
	helpSee   = regexp.MustCompile(`see pointsman help ([a-z0-9-]+)`)
	helpPlain = regexp.MustCompile("`(HTTP/[0-9.]+)`")
	// helpCode is what stands as code in a table: options, settings, addresses, files, what is in single quotes.
	helpCode = regexp.MustCompile(`(^|[\s(])(?:'([^'\s]+)'|(-[A-Za-z][\w-]*(?:=\w+)?|[^\s(),;]*[=/*$@_][^\s(),;]*[^\s(),;:.]|[a-z0-9.]+:[a-z0-9]+))`)
)

// helped are the options of a command by their names.
func helped(t *testing.T, command string) map[string]option {
	t.Helper()
	all := map[string]option{}
	for _, m := range helpLine.FindAllStringSubmatch(execute(t, binary, nil, command, "-help").stdout, -1) {
		o := option{name: m[1], word: m[2], meaning: m[3]}
		if d := helpDef.FindStringSubmatch(m[3]); d != nil {
			o.def, o.meaning = d[1], strings.TrimSuffix(m[3], d[0])
		}
		all[o.name] = o
	}
	if len(all) == 0 {
		t.Fatalf("%s -help lists no options", command)
	}
	return all
}

// row is the option's line of a table.
func (o option) row() string {
	meaning := strings.ReplaceAll(o.meaning, "|", `\|`)
	meaning = helpPlain.ReplaceAllString(helpCode.ReplaceAllString(meaning, "$1`$2$3`"), "$1")
	meaning = helpSee.ReplaceAllStringFunc(meaning, func(see string) string {
		name := helpSee.FindStringSubmatch(see)[1]
		for _, t := range topics() {
			if t[0] == name {
				return fmt.Sprintf("see [%s](%s.md)", t[1], name)
			}
		}
		return see + ", WHICH DOES NOT EXIST"
	})
	def := ""
	if o.def != "" {
		def = " `" + o.def + "`"
	}
	return fmt.Sprintf("| `%s` |%s | %s |\n", strings.TrimSpace("-"+o.name+" "+o.word), def, meaning)
}

// optionTable is the table of a command's options with these names.
func optionTable(t *testing.T, command string, all map[string]option, names []string) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| option | default | meaning |\n|---|---|---|\n")
	for _, name := range names {
		o, there := all[name]
		if !there {
			t.Errorf("%s.md names an option -%s, which does not exist: take it out of its <!-- options -->", command, name)
			continue
		}
		table.WriteString(o.row())
	}
	return table.String()
}

// TestTablesOfOptionsAreWhatHelpSays: each option of a command stands in one table of its page, with what -help says of it.
func TestTablesOfOptionsAreWhatHelpSays(t *testing.T) {
	for _, c := range commands() {
		all := map[string]option{}
		if c.name != "version" {
			all = helped(t, c.name)
		}
		if len(all) == 0 {
			continue
		}
		listed := lab.Make(t, c.name, "options", func(names []string) string { return optionTable(t, c.name, all, names) })
		if slices.Sort(listed); len(slices.Compact(slices.Clone(listed))) != len(listed) {
			t.Errorf("%s.md lists an option twice: %v", c.name, listed)
		}
		want := maps.Clone(all)
		if base, shared := sharing(t, c.name); shared {
			maps.DeleteFunc(want, func(name string, o option) bool { return base[name] == o })
		}
		for name := range want {
			if !slices.Contains(listed, name) {
				t.Errorf("%s.md lacks -%s: add its name to an <!-- options: … --> there, and make docs", c.name, name)
			}
		}
	}
}

// sharing are the options that run and demo have of other commands: their pages list only what is different.
func sharing(t *testing.T, command string) (map[string]option, bool) {
	t.Helper()
	if command != "run" && command != "demo" {
		return nil, false
	}
	base := helped(t, "proxy")
	if command == "run" {
		both := helped(t, "registrator")
		maps.Copy(both, base)
		base = both
	}
	return base, true
}

// TestPagesTellRunAndDemoWhatIsMissing: after "Without" they list what the commands that they share options with have and they have not.
func TestPagesTellRunAndDemoWhatIsMissing(t *testing.T) {
	for _, command := range []string{"run", "demo"} {
		base, _ := sharing(t, command)
		has := helped(t, command)
		var want, got []string
		for name := range base {
			if _, there := has[name]; !there {
				want = append(want, name)
			}
		}
		_, without, _ := strings.Cut(strings.ReplaceAll(lab.Page(t, command), "\n", " "), "Without ")
		without, _, _ = strings.Cut(without, ". ")
		for _, m := range regexp.MustCompile("`-([a-z-]+)`").FindAllStringSubmatch(without, -1) {
			got = append(got, m[1])
		}
		slices.Sort(want)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s.md lists %v after Without; missing are %v", command, got, want)
		}
	}
}

// TestTablesOfCommandsAreWhole: commands.md lists each command with its summary, and the page that there is about it.
func TestTablesOfCommandsAreWhole(t *testing.T) {
	lab.Make(t, "commands", "commands", func([]string) string {
		var table strings.Builder
		table.WriteString("| command | what it does |\n|---|---|\n")
		for _, c := range commands() {
			name := "`pointsman " + c.name + "`"
			if _, found := topic(c.name); found {
				name = fmt.Sprintf("[%s](%s.md)", name, c.name)
			}
			fmt.Fprintf(&table, "| %s | %s |\n", name, c.summary)
		}
		table.WriteString("| `pointsman help TOPIC` | print a page of this documentation |\n")
		return table.String()
	})
}
