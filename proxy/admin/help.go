package admin

import (
	"io"
	"net/http"
)

// help answers with a page of the documentation. It is plain text: what is Markdown reads well as it is, and needs no markup to be trusted.
func (o *Options) help(w http.ResponseWriter, r *http.Request) {
	text, found := o.Topic(r.PathValue("topic"))
	if !found {
		problem{Status: http.StatusNotFound, Detail: "there is no such page; 'pointsman help' lists those that there are"}.answer(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}
