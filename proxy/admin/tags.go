package admin

import "github.com/pointsman/pointsman/proxy/routing"

// tagView is what became of one tag. Route is the line of the route that it is in, absent where it is in none.
type tagView struct {
	Tag      string `json:"tag"`
	Language string `json:"language"`
	Verdict  string `json:"verdict"` // used, partly, ignored, refused
	Route    string `json:"route,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

func viewTags(list []routing.TagVerdict) []tagView {
	out := make([]tagView, 0, len(list))
	for _, x := range list {
		out = append(out, tagView{Tag: clip(x.Tag), Language: x.Language, Verdict: x.Kind.String(), Route: clip(x.Route), Reason: x.Reason})
	}
	return out
}
