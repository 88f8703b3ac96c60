package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestTokensThatCantBeUsedEndTheStart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-admin-token", pipe}, "no regular file"},
		{[]string{"-admin-token", folder}, "no regular file"},
		{[]string{"-admin-token", filepath.Join(folder, "none")}, "no such file"},
		{[]string{"-admin-token", file("short", " 123456789012345 \n")}, "16 to 512 characters"},
		{[]string{"-admin-token", file("long", strings.Repeat("x", 513))}, "16 to 512 characters"},
		{[]string{"-admin-token", file("blank", "two words of a token")}, "without blanks"},
		{[]string{"-admin-token", file("lines", "1234567890123456\n1234567890123456\n")}, "without blanks"},
		{[]string{"-admin", "", "-admin-token", file("good", "1234567890123456")}, "needs -admin"},
	} {
		o := execute(t, binary, nil, append([]string{"demo"}, c.args...)...)
		if o.code != 2 || !strings.Contains(o.stderr, c.want) || strings.Contains(o.stderr, "1234567890") {
			t.Errorf("%v: %d %q, want %q", c.args, o.code, o.stderr, c.want)
		}
	}
}

// A demo's token is found by its owner's commands alone, goes with the demo, and stands in no log and on no page.
func TestTheDemosTokenIsItsOwners(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	environ := []string{"XDG_RUNTIME_DIR=" + folder}
	p := lab.StartProcess(t, "demo", environ, binary, "demo", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-access-log", "json", "-log-level", "debug")
	admin := bound(t, p, "the admin API")
	if !p.Says(10*time.Second, "End it with Ctrl-C") {
		t.Fatal(p.Output())
	}
	shown := regexp.MustCompile(`http://` + regexp.QuoteMeta(admin) + `/#token=(\S+)\n`).FindStringSubmatch(p.Output())
	if shown == nil {
		t.Fatalf("no address with a token: %s", p.Output())
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	if at, err := os.Stat(files[0]); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", at, err)
	}
	if o := execute(t, binary, environ, "scale", "-admin", admin, "web=4"); o.code != 0 {
		t.Error(o.stderr)
	}
	if o := execute(t, binary, []string{"XDG_RUNTIME_DIR=" + t.TempDir()}, "scale", "-admin", admin, "web=4"); o.code != 1 || !strings.Contains(o.stderr, "-admin-token") {
		t.Errorf("without the token: %+v", o)
	}
	if o := execute(t, binary, nil, "scale", "-admin", admin, "-admin-token", files[0], "web=5"); o.code != 0 {
		t.Error(o.stderr)
	}
	linked := t.TempDir()
	if err := os.Symlink(files[0], filepath.Join(linked, filepath.Base(files[0]))); err != nil {
		t.Fatal(err)
	}
	if o := execute(t, binary, []string{"XDG_RUNTIME_DIR=" + linked}, "scale", "-admin", admin, "web=4"); o.code != 1 {
		t.Errorf("a link, which anybody may have made: %+v", o)
	}
	if err := os.Chmod(files[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if o := execute(t, binary, environ, "scale", "-admin", admin, "web=4"); o.code != 1 {
		t.Errorf("a file that others can read: %+v", o)
	}
	for _, path := range []string{"/metrics", "/api/notices", "/api/openapi.json", "/api/services", "/api/routes"} {
		if code, text := status("http://" + admin + path); code != http.StatusOK || strings.Contains(text, shown[1]) {
			t.Errorf("%s: %d, with the token: %v", path, code, strings.Contains(text, shown[1]))
		}
	}
	if _, text := status("http://" + admin + "/api/notices"); !strings.Contains(text, `"scale: 5 instances"`) {
		t.Errorf("not noted: %s", text)
	}
	p.Signal(syscall.SIGTERM)
	p.Signal(syscall.SIGTERM)
	_ = p.Wait(10 * time.Second)
	if n := strings.Count(p.Output(), shown[1]); n != 1 {
		t.Errorf("the token is %d times in the output: %s", n, p.Output())
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The token of a file is read again at SIGHUP.
func TestTokensAreReadAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("the-first-token-1234")
	p, _, admin := startDemo(t, "-admin-token", file)
	ask := func(token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+admin+"/api/actions/scale", strings.NewReader(`{"service":"web","instances":2}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		a, err := direct().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		return a.StatusCode
	}
	if a, b := ask("the-first-token-1234"), ask("the-second-token-1234"); a != 200 || b != 401 {
		t.Errorf("%d, %d", a, b)
	}
	write("the-second-token-1234")
	p.Signal(syscall.SIGHUP)
	lab.Eventually(t, 10*time.Second, "the second token", func() bool { return ask("the-second-token-1234") == 200 })
	if code := ask("the-first-token-1234"); code != 401 {
		t.Error(code)
	}
	if text := fmt.Sprint(p.Output()); strings.Contains(text, "-token-1234") {
		t.Errorf("a token is in the log: %s", text)
	}
}
