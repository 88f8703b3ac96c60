package text

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

// rig is a file and what was published of it.
type rig struct {
	*File
	path  string
	log   bytes.Buffer
	texts []*discovery.Text
}

func newRig(t *testing.T, content string) *rig {
	t.Helper()
	r := &rig{path: filepath.Join(t.TempDir(), "routes")}
	r.write(t, content)
	f, err := Open(r.path, "", func(text *discovery.Text) { r.texts = append(r.texts, text) }, zerolog.New(&r.log))
	if err != nil {
		t.Fatal(err)
	}
	r.File = f
	return r
}

func (r *rig) write(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(r.path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds checks the latest that was published, and how often something was.
func (r *rig) holds(t *testing.T, times int, lines ...string) {
	t.Helper()
	last := r.texts[len(r.texts)-1]
	if len(r.texts) != times || strings.Join(last.Lines, "|") != strings.Join(lines, "|") || last.Kind != discovery.TextFile || last.Name != r.path {
		t.Errorf("%d published, the last %+v", len(r.texts), last)
	}
}

func TestAFileIsTakenWhenItStandsStill(t *testing.T) {
	r := newRig(t, "# none\r\na/ to=10.0.0.1:80\r\n")
	r.holds(t, 1, "# none", "a/ to=10.0.0.1:80")
	r.check()
	r.holds(t, 1, "# none", "a/ to=10.0.0.1:80")
	r.write(t, "b/") // half of it
	r.check()
	r.write(t, "b/ to=10.0.0.2:80\n")
	r.check()
	r.holds(t, 1, "# none", "a/ to=10.0.0.1:80")
	r.check()
	r.holds(t, 2, "b/ to=10.0.0.2:80")
}

func TestAnEditorThatRenamesIsFollowed(t *testing.T) {
	r := newRig(t, "a/ to=10.0.0.1:80\n")
	for range 3 {
		if err := os.WriteFile(r.path+"~", []byte("b/ to=10.0.0.1:80\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(r.path+"~", r.path); err != nil {
			t.Fatal(err)
		}
		r.check()
		r.check()
	}
	r.holds(t, 2, "b/ to=10.0.0.1:80") // equal content is published once
}

func TestWhatCannotBeReadChangesNothing(t *testing.T) {
	r := newRig(t, "a/ to=10.0.0.1:80\n")
	for _, spoil := range []func(){
		func() { os.Remove(r.path) },
		func() { r.write(t, "") },
		func() { r.write(t, "a/\x00") },
		func() { r.write(t, strings.Repeat("#\n", maxBytes/2+1)) },
		func() { os.Remove(r.path); _ = os.Mkdir(r.path, 0o700) },
	} {
		spoil()
		r.log.Reset()
		for range 4 {
			r.check()
		}
		if n := strings.Count(r.log.String(), "can't be used"); n != 1 {
			t.Errorf("told %d times: %s", n, r.log.String())
		}
		if changed, err := r.Reload(); changed || err == nil {
			t.Errorf("reload: %t %v", changed, err)
		}
		r.holds(t, 1, "a/ to=10.0.0.1:80")
		os.Remove(r.path)
		r.write(t, "a/ to=10.0.0.1:80\n")
		r.check()
		r.check()
		if !strings.Contains(r.log.String(), "can be used again") {
			t.Errorf("%s", r.log.String())
		}
	}
	r.holds(t, 1, "a/ to=10.0.0.1:80")
}

func TestReloadTakesAtOnce(t *testing.T) {
	r := newRig(t, "a/ to=10.0.0.1:80\n")
	if changed, err := r.Reload(); changed || err != nil {
		t.Errorf("%t %v", changed, err)
	}
	r.write(t, "# no routes\n")
	if changed, err := r.Reload(); !changed || err != nil {
		t.Errorf("%t %v", changed, err)
	}
	r.holds(t, 2, "# no routes")
}

func TestAFileThatIsNotThereIsAnError(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if _, err := Open(path, "", func(*discovery.Text) {}, zerolog.Nop()); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}
