package main

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestHelpPrintsEachTopic(t *testing.T) {
	list := execute(t, binary, nil, "help").stdout
	for _, name := range lab.PageNames(t) {
		page := remark.ReplaceAllString(lab.Page(t, name), "")
		title, _, _ := strings.Cut(strings.TrimPrefix(page, "# "), "\n")
		if !strings.Contains(list, "  "+name+" ") || !strings.Contains(list, " "+title+"\n") {
			t.Errorf("pointsman help does not list %s: %s", name, title)
		}
		if o := execute(t, binary, nil, "help", name); o.code != 0 || o.stdout != layOut(page, pipedWidth, false)+morePages || o.stderr != "" {
			t.Errorf("pointsman help %s: exit code %d, %q, %q", name, o.code, o.stdout, o.stderr)
		}
	}
	for _, bad := range []string{"../main", "docs/start", "start.md", "."} {
		if o := execute(t, binary, nil, "help", bad); o.code != exitUsage || !strings.Contains(o.stderr, "unknown command or topic") {
			t.Errorf("pointsman help %q: exit code %d, %q", bad, o.code, o.stderr)
		}
	}
}
