package e2e

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// fence is a fenced block of a README: "sh" for commands, "sh serve" for one that runs until Ctrl-C (or the end of the part that it stands in),
// "text" for what the commands before it print. A heading is a fence of kind "heading".
type fence struct{ kind, text string }

// fences are the parts of a README that the reader follows, in order.
func fences(t *testing.T, file string) []fence {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []fence
	kind, inside := "", false
	var block []string
	for _, line := range strings.Split(string(text), "\n") {
		mark, fenced := strings.CutPrefix(line, "```")
		switch {
		case fenced && inside:
			all = append(all, fence{kind, strings.Join(block, "\n")})
			inside, block = false, nil
		case fenced:
			inside, kind = true, strings.TrimSpace(mark)
		case inside:
			block = append(block, line)
		case strings.HasPrefix(line, "#"):
			all = append(all, fence{"heading", line})
		}
	}
	return all
}

var (
	hostName = regexp.MustCompile(`host=\S+`)
	moment   = regexp.MustCompile(`\d+-\d+-\d+T[\d:.]+Z`)
	uuid     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	number   = regexp.MustCompile(`\d+`)
	spaces   = regexp.MustCompile(`[ \t]+`)
)

// general is a text without what is different each time: names of containers, numbers, the width of columns.
func general(text string) string {
	text = hostName.ReplaceAllString(strings.TrimSpace(text), "host=NAME")
	text = uuid.ReplaceAllString(text, "UUID")
	text = moment.ReplaceAllString(text, "TIME")
	text = number.ReplaceAllString(text, "N")
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}

func TestGeneralKeepsWhatMatters(t *testing.T) {
	if general("      4 web host=1f0ab2f9d1c7 \n") != general("11 web host=vm") {
		t.Error("names and numbers should not matter")
	}
	for a, b := range map[string]string{"web host=a\nweb host=b": "web host=a", "usable: true": "usable: false", "web-1 on x": "api-1 on x"} {
		if general(a) == general(b) {
			t.Errorf("%q passes for %q", a, b)
		}
	}
}

// writers give what a command prints, and the same with its errors in between.
func writers(stdout, both io.Writer) (out, err io.Writer) { return io.MultiWriter(stdout, both), both }
