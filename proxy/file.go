package proxy

import (
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/files"
	"github.com/pointsman/pointsman/proxy/http1"
)

// serveFile answers with the route's folder: ActionServeFile, or Reply where that can't be.
func (x *Exchange) serveFile() Action {
	switch {
	case x.Route.Closed:
		return x.reply(OutcomeClosedRoute, "")
	case !x.ServesFiles: // nobody is there whom the request could be handed over to
		return x.reply(OutcomeInternalError, "")
	case x.Request.Method != "GET" && x.Request.Method != "HEAD":
		return x.reply(OutcomeReadOnly, "")
	}
	return ActionServeFile
}

// OpenFile opens the file that answers, after ActionServeFile: Go on. Where there is none the file is nil, and the answer a local reply, or
// what takes its place. The caller closes the file, and sets Status.
func (x *Exchange) OpenFile() (*files.File, Action) {
	const moved = 301
	path := string(x.Route.Rules[0].Options.AppendPath(nil, x.Target.Path))
	f, err := x.Route.Policy.Files.Open(path, x.requestField("Accept-Encoding"))
	switch {
	case errors.Is(err, files.ErrNone):
		return nil, x.instead(x.reply(OutcomeNoFile, ""), true)
	case err != nil:
		x.scope.Notice(x.Route.Name, err.Error(), "a file or folder can't be opened", x.begun)
		return nil, x.instead(x.reply(OutcomeNoFile, ""), true)
	case f.Slash || strings.HasSuffix(path, "/") && !strings.HasSuffix(x.Target.Path, "/"): // the latter where strip is the whole path
		f.Close()
		return nil, x.redirect(moved, dialect.EscapePath(x.Target.Path)+"/"+x.Target.Query)
	}
	x.Outcome = OutcomeFile
	return f, ActionContinue
}

// Page is what a local reply says in place of its own text: a page of the operator's, nil where the route's line names none for it, or it
// can't be read. A listener that may not block does not ask. It sends the page with Status and PageFields.
func (x *Exchange) Page() *files.Page {
	if x.page == "" {
		return nil
	}
	p, err := files.ReadPage(x.page)
	if err != nil {
		x.scope.Notice(x.service(), err.Error(), "a page in an error's place can't be read", x.begun)
	}
	return p
}

// PageFields appends the fields of a local reply with a page, but for Date, framing, Connection and what filters add to every answer.
func (x *Exchange) PageFields(dst []Field, p *files.Page) []Field {
	for _, f := range x.ownFields(nil) {
		if f.Known() != http1.ContentType {
			dst = append(dst, f)
		}
	}
	return append(dst, http1.NewField("Content-Type", p.Type))
}
