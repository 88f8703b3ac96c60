package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/pointsman/pointsman/proxy/admin"
)

const (
	// watchEvery is how often -watch looks.
	watchEvery = time.Second
	// plainWidth is the width where there is no terminal that tells its own: long lines are of use in a file.
	plainWidth = 200
	// leastWidth is below what lines break, instead of being cut to nothing.
	leastWidth = 40
)

// runStatus prints what a person looks at first.
func runStatus(ctx context.Context, p program) int {
	f := newFlags(p, "status", "print on one screen how a running proxy does", "")
	at := address("127.0.0.1:8090")
	f.Var(&at, "admin", "`ADDRESS` of the proxy's admin API")
	watch := f.Bool("watch", false, "look again every second, until Ctrl-C; in a terminal only")
	if code, done := f.parse(0); done {
		return code
	}
	screen, terminal := p.stdout.(*os.File)
	terminal = terminal && isatty.IsTerminal(screen.Fd())
	if *watch && !terminal {
		return f.refuse(errors.New("-watch draws over what it has drawn, and needs a terminal"))
	}
	size := func() (width, height int) {
		if !terminal {
			return plainWidth, 0
		}
		width, height = sizeOf(screen)
		return max(width, leastWidth), height
	}
	if *watch {
		ctx, cancel := untilSignal(ctx, func() {})
		defer cancel()
		return watchStatus(ctx, p.stdout, at, size)
	}
	width, _ := size()
	text, err := statusText(ctx, at, width)
	if err != nil {
		fmt.Fprintf(p.stderr, "pointsman status: %v\n", err)
		return exitFatal
	}
	_, _ = io.WriteString(p.stdout, text)
	return exitOK
}

// What a terminal takes (ECMA-48): its second screen, so that the first one is as it was afterwards; the cursor; the rest of a line and of the
// screen.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	homeCursor  = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// watchStatus draws until ctx ends. A proxy that does not answer is said to, and looked for.
func watchStatus(ctx context.Context, out io.Writer, at address, size func() (width, height int)) int {
	_, _ = io.WriteString(out, enterScreen)
	defer func() { _, _ = io.WriteString(out, leaveScreen) }()
	var last string
	var away time.Time // since when it does not answer
	for {
		width, height := size()
		text, err := statusText(ctx, at, width)
		switch {
		case ctx.Err() != nil:
			return exitOK
		case err != nil:
			if away.IsZero() {
				away = time.Now()
			}
			text = harmless(fmt.Sprintf("NO ANSWER since %s: %v", away.Format(time.TimeOnly), err)) + "\n" + last
		default:
			last, away = text, time.Time{}
		}
		drawn := strings.ReplaceAll(fit(text, height), "\n", clearLine+"\n")
		if _, err := io.WriteString(out, homeCursor+drawn+clearBelow); err != nil {
			return exitFatal
		}
		select {
		case <-ctx.Done():
			return exitOK
		case <-time.After(watchEvery):
		}
	}
}

// fit is so much of a text as fits into so many lines: what a terminal shows of more is its end.
func fit(text string, height int) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) <= height { // the last one is empty, and the cursor's
		return text
	}
	return strings.Join(lines[:max(height-2, 0)], "") + "…\n"
}

// statusText asks, and makes a screen of the answer.
func statusText(ctx context.Context, at address, width int) (string, error) {
	var out bytes.Buffer
	if err := ask(ctx, "http://"+dialable(string(at))+"/api/status", maxExplanation, &out); err != nil {
		return "", err
	}
	var s admin.Summary
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return "", fmt.Errorf("the answer is none of a proxy: %w", err)
	}
	v := statusScreen{width: width, now: time.Now()}
	v.draw(&s)
	return v.text.String(), nil
}
