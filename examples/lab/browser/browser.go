// Package browser opens pages in a headless Chromium, for the tests of what people see. It collects what a browser complains about and whom it
// asks.
package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/pointsman/pointsman/examples/lab"
)

// patience is how long a page may take for what a test waits for: a shared machine is slow at times.
const patience = time.Minute

// Page is a tab. Its methods end the test when something fails.
type Page struct {
	t     testing.TB
	ctx   context.Context
	apart *apart

	mu         sync.Mutex
	complaints []string
	asked      []string // the URLs of all requests
}

// program is the browser's path; the test is skipped without one, or fails where real parts are required.
func program(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	lab.Missing(t, "there is no Chromium; Debian has it as the package chromium")
	return ""
}

// Open starts a browser with an empty tab of a size. It ends with the test.
func Open(t testing.TB, width, height int) *Page {
	t.Helper()
	own := keepApart(t)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program(t)), chromedp.NoSandbox,
		chromedp.Flag("no-proxy-server", true), chromedp.WindowSize(width, height), chromedp.ModifyCmdFunc(own.enter))
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocated)
	t.Cleanup(leave)
	p := &Page{t: t, ctx: ctx, apart: own}
	if err := chromedp.Listen(ctx, p.took); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	p.Do(command(log.Enable, cdp.Empty{}), command(network.Enable, network.EnableParams{}), command(runtime.Enable, cdp.Empty{}))
	p.Size(width, height)
	return p
}

// command is a command of the browser's protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// took takes what the browser tells of its own accord.
func (p *Page) took(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.complaints = append(p.complaints, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.complaints = append(p.complaints, fmt.Sprintf("console: %v", e.Args))
		}
	}
}

// Complaints are those since the last call: errors, warnings, violations of the page's policy.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.complaints
	p.complaints = nil
	return list
}

// Asked waits until pages have asked for a URL with a text in it.
func (p *Page) Asked(text string) {
	p.t.Helper()
	lab.Eventually(p.t, patience, "a request for "+text, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.ContainsFunc(p.asked, func(url string) bool { return strings.Contains(url, text) })
	})
}

// Strangers are the URLs that were asked for at other addresses than host.
func (p *Page) Strangers(host string) (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.asked {
		if u, err := url.Parse(text); err != nil || u.Host != host && u.Scheme != "data" && u.Scheme != "about" {
			list = append(list, text)
		}
	}
	return list
}

// Do carries out actions of chromedp.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("the browser: %v; it complains: %q", err, p.Complaints())
	}
}

// Go opens an address of the machine's 127.0.0.1.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.Reach(address)
	p.Do(chromedp.Navigate(address))
}

// Reach lets pages ask at the host of an address, as they may at those that were opened.
func (p *Page) Reach(address string) {
	p.t.Helper()
	u, err := url.Parse(address)
	if err == nil && u.Port() != "" { // names that end with localhost are the loopback's to a browser (RFC 6761, section 6.3)
		err = p.apart.forward("127.0.0.1:" + u.Port())
	}
	if err != nil {
		p.t.Fatalf("%s is not reached from the browser: %v", address, err)
	}
}

// Reload loads the page once more.
func (p *Page) Reload() { p.t.Helper(); p.Do(chromedp.Reload()) }

// Size sets the size of the tab, in pixels of CSS.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.Do(chromedp.EmulateViewport(int64(width), int64(height)))
}

// Prefers sets what the person prefers, as "prefers-color-scheme", "dark".
func (p *Page) Prefers(name, value string) {
	p.t.Helper()
	p.Do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}}))
}

// Eval is what an expression of JavaScript comes to; that of a promise is waited for.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return run(p, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func run[T any](p *Page, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatalf("the browser: %v; it complains: %q", err, p.Complaints())
	}
	return value
}

// Until waits until an expression of JavaScript is true.
func (p *Page) Until(what, expression string) {
	p.t.Helper()
	for begun := time.Now(); !p.holds("Boolean(" + expression + ")"); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			p.Shot("failed")
			p.t.Fatalf("not within %s: %s; the page complains: %q; it says: %.2000s", patience, what, p.Complaints(), Eval[string](p, "document.body.innerText"))
		}
	}
}

// holds says whether an expression is true. A page that is just being loaded, as it does by itself when a part of it has not come, tells nothing.
func (p *Page) holds(expression string) bool {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
	return err == nil && value
}

// Press presses keys, one after the other; those with a name are in chromedp/kb.
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.Do(chromedp.KeyEvent(k))
	}
}

// Shot writes a picture of the tab into the folder of POINTSMAN_SHOTS, or else of the test, and returns the picture's path.
func (p *Page) Shot(name string) string {
	p.t.Helper()
	dir := os.Getenv("POINTSMAN_SHOTS")
	if dir == "" {
		dir = p.t.ArtifactDir()
	}
	path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".png")
	if err := os.WriteFile(path, run(p, chromedp.CaptureScreenshot()), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}
