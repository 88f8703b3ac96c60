package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runChecked runs the command in this process: the exit code, and what it prints, in lines.
func runChecked(t *testing.T, args ...string) (code int, lines []string) {
	t.Helper()
	var out bytes.Buffer
	p := program{args: args, lookup: func(string) (string, bool) { return "junk", true }, stdout: &out, stderr: &out}
	code = runCheck(context.Background(), p)
	return code, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestCheckPrintsWhatBecomesOfTags(t *testing.T) {
	for _, c := range []struct {
		tags string
		code int
		want string // the lines, shortened; "..." stands for the rest of one
	}{
		{"pointsman.route=Shop.example strip=/", 0, "route    shop.example/ strip=/;used"},
		{"v1", 0, "no routing tag: passed over"},
		{"pointsman.route=/a speed=9", 1, `route    /a;partly   "speed" is not an option`},
		{"pointsman.route=/a allow=x", 1, "route    /a   (closed: nobody is let in);refused  ..."},
		{"pointsman.route=a..b/", 1, "refused  ..."},
		{"urlprefix-:22 proto=tcp", 1, "refused  ..."},
		{"urlprefix-$DC.io/", 0, "route    east.io/ ...;used"},
		{`pointsman.route=/a redirect="301|/b"`, 0, "route    /a redirect=301,/b;used"},
		{"pointsman.route=off", 0, "used"},
		{"aliyun.routing.port_81=a", 0, "route    a/;route    a.localhost/;used"},
		{"aliyun.scale=3", 1, "ignored  ..."},
		{"aliyun.logs=/x", 0, "ignored  it is not about routing"},
		{"traefik.http.routers.r.rule=Host(`a.b`)", 1, "ignored  ..."},
	} {
		code, lines := runChecked(t, "-datacenter", "east", "-tag", c.tags)
		want := strings.Split(c.want, ";")
		if code != c.code || lines[0] != c.tags || len(lines) != 1+len(want) {
			t.Errorf("%s: exit code %d, %q", c.tags, code, lines)
			continue
		}
		for i, w := range want {
			begin, open := strings.CutSuffix(w, "...")
			if got := strings.TrimPrefix(lines[i+1], "  "); got != w && !(open && strings.HasPrefix(got, begin)) && got+" ..." != w {
				t.Errorf("%s: %q, want %q", c.tags, got, w)
			}
		}
	}
}

// Tags are those of one instance: options for all routes, and two tags for one route.
func TestCheckReadsTagsTogether(t *testing.T) {
	code, lines := runChecked(t, "-tag", "pointsman.weight=5", "-tag", "pointsman.route=/a", "-tag", "pointsman.route.b=/a")
	if code != 1 || len(lines) != 7 || lines[3] != "  route    /a weight=5" || !strings.Contains(lines[6], "another tag") {
		t.Errorf("exit code %d, %q", code, lines)
	}
}

// What one line takes from another, or from a tag, shows only in the table that all of them make.
func TestCheckPrintsConflicts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(name, []byte("shop.io/ to=10.1.0.1:80 connect-timeout=1s\n/b to=10.1.0.2:80\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, lines := runChecked(t, "-tag", "pointsman.route=shop.io/ connect-timeout=5s", "-tag", "pointsman.route.b=/c", "-routes", name)
	last := strings.Join(lines[max(0, len(lines)-2):], "\n")
	if want := "shop.io/ of tags and routes-file\n  partly   connect-timeout=5s is not in effect, as the routes file decides"; code != 1 || last != want {
		t.Errorf("exit code %d, %q", code, lines)
	}
	if code, lines := runChecked(t, "-tag", "pointsman.route=/b", "-routes", name); code != 0 {
		t.Errorf("exit code %d, %q", code, lines)
	}
}

// -json says the same of tags and lines in the shape that it has for containers.
func TestCheckOfTagsAndLinesInJSON(t *testing.T) {
	name := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(name, []byte("# ours\nshop.io/ to=10.1.0.1:80 connect-timeout=1s\n/a allow=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := checkJSON(t, "-tag", "pointsman.route=shop.io/ connect-timeout=5s", "-tag", "v1", "-routes", name)
	if code != 1 || len(out.Services) < 2 || out.Totals["refused"] != 1 {
		t.Fatalf("exit code %d, %+v", code, out)
	}
	facts{file: name, text: `
		tags route shop.io/ connect-timeout=5s -> tags:0
		tags used pointsman.route=shop.io/
		tags ignored v1 ~ passed over
		` + name + ` used ` + name + `:2 shop.io/
		` + name + ` route /a closed
		` + name + ` refused ` + name + `:3 /a allow=x`}.check(t, &out)
	all := 0
	for _, n := range out.Totals {
		all += n
	}
	if all != 5 { // two tags, two lines, and what one takes from another
		t.Errorf("%+v", out.Totals)
	}
}

func TestCheckPrintsWhatBecomesOfAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "routes")
	if err := os.WriteFile(name, []byte("# ours\n\nshop.io/ redirect=301,/b # moved\r\n/a strip=/b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, lines := runChecked(t, "-routes", name)
	want := []string{
		name + ":3: shop.io/ redirect=301,/b # moved", "  route    shop.io/ redirect=301,/b", "  used",
		name + ":4: /a strip=/b", "  route    /a", "  partly   strip=/b has no effect: no path of this route begins with it",
	}
	if code != 1 || strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("exit code %d, %q", code, lines)
	}
	if code, lines = runChecked(t, "-routes", name+"x"); code != 1 || !strings.Contains(lines[0], "no such file") {
		t.Errorf("exit code %d, %q", code, lines)
	}
}
