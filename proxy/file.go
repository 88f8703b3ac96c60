package proxy

import (
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/files"
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

// OpenFile opens the file that answers, after ActionServeFile. Where there is none the answer is a local reply, and the file nil. The caller
// closes the file, and sets Status.
func (x *Exchange) OpenFile() *files.File {
	const moved = 301
	path := string(x.Route.Rules[0].Options.AppendPath(nil, x.Target.Path))
	f, err := x.Route.Policy.Files.Open(path, x.requestField("Accept-Encoding"))
	switch {
	case errors.Is(err, files.ErrNone):
		x.reply(OutcomeNoFile, "")
	case err != nil:
		x.recorder.Notice(x.Route.Name, "", err.Error(), "a file or folder can't be opened", x.begun)
		x.reply(OutcomeNoFile, "")
	case f.Slash || strings.HasSuffix(path, "/") && !strings.HasSuffix(x.Target.Path, "/"): // the latter where strip is the whole path
		f.Close()
		x.redirect(moved, dialect.EscapePath(x.Target.Path)+"/"+x.Target.Query)
	default:
		x.Outcome = OutcomeFile
		return f
	}
	return nil
}
