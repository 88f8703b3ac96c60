package proxy

import (
	"io"
	"strings"

	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
)

// described is what the head of an answer says that matters for compression.
type described struct {
	contentType, etag string
	etagAt            int // its place among the fields, -1 without one
	never             bool
	varies            bool // by Accept-Encoding already
}

// Compress prepares an instance's final answer for its way to the client, where the route compresses: its head then says what the client
// gets, and the body has to be written to the encoder, which writes to out. It is nil where the body goes as it came: compressed already,
// too small, of no type that is worth it, a part of something, not to be transformed, not accepted, or where the encoders that the process
// may have are in use. The answer to HEAD says what GET would be told. Call it after the answer's body was begun, and before its head is
// sent; without a compressing route it does nothing.
func (x *Exchange) Compress(ans *http1.Response, encoders *filter.Encoders, out io.Writer) *filter.Encoder {
	c := x.Route.Policy.Compress
	if c == nil || ans.Status < 200 || ans.Status == 204 {
		return nil
	}
	d := describe(ans)
	if ans.Status == 304 {
		x.revalidated(ans, &d)
		return nil
	}
	if d.never || ans.Status == 206 || !c.Takes(d.contentType, ans.ContentLength) {
		return nil
	}
	vary(ans, &d)
	list, n := c.Accepted(x.requestField("Accept-Encoding"))
	if n == 0 || x.Request.Minor == 0 || http1.HasToken(x.requestField("Cache-Control"), "no-transform") { // an HTTP/1.0 client could not tell a cut body
		return nil
	}
	if x.Request.Method == "HEAD" {
		encoded(ans, &d, list[0])
		return nil
	}
	if ans.Framing.Empty() {
		return nil
	}
	e := encoders.Take(out, list[:n]...)
	if e != nil {
		encoded(ans, &d, e.Coding)
	}
	return e
}

// describe reads a head.
func describe(ans *http1.Response) described {
	d := described{etagAt: -1}
	for i := range ans.Fields {
		f := &ans.Fields[i]
		if f.Known() == http1.ContentType {
			d.contentType = f.Value
			continue
		}
		switch strings.ToLower(f.Name) {
		case "content-encoding", "content-range", "content-digest", "repr-digest", "digest", "content-md5":
			d.never = true // compressed already, a part, or signed as it is
		case "cache-control":
			d.never = d.never || http1.HasToken(f.Value, "no-transform") // RFC 9111 section 5.2.2.6
		case "etag":
			d.etag, d.etagAt = f.Value, i
		case "vary":
			d.varies = d.varies || http1.HasToken(f.Value, "accept-encoding") || http1.HasToken(f.Value, "*")
		}
	}
	return d
}

// vary says that the answer depends on Accept-Encoding, also where it goes as it came: caches must not give it to everybody.
func vary(ans *http1.Response, d *described) {
	if !d.varies {
		ans.Fields = append(ans.Fields, http1.NewField("Vary", "Accept-Encoding"))
	}
}

// encoded makes the head one of the compressed answer. Its tag is weak: another client gets other bytes under the same one (RFC 9110
// section 8.8.1). Ranges would be those of the plain answer.
func encoded(ans *http1.Response, d *described, coding filter.Coding) {
	weaken(ans, d)
	kept := ans.Fields[:0]
	for _, f := range ans.Fields {
		if !strings.EqualFold(f.Name, "Accept-Ranges") {
			kept = append(kept, f)
		}
	}
	ans.Fields = append(kept, http1.NewField("Content-Encoding", coding.String()))
	ans.ContentLength = -1
	if ans.Framing.Kind == http1.Sized {
		ans.Framing = http1.Framing{Kind: http1.UntilClose} // towards the client its end is told as AnswerFraming says
	}
}

func weaken(ans *http1.Response, d *described) {
	if d.etagAt >= 0 && strings.HasPrefix(d.etag, `"`) {
		ans.Fields[d.etagAt].Value = "W/" + d.etag
	}
}

// revalidated makes a 304 fit for what the client has: the weak tag that it was given with a compressed answer.
func (x *Exchange) revalidated(ans *http1.Response, d *described) {
	if d.never {
		return
	}
	vary(ans, d)
	if d.etag != "" && strings.Contains(x.requestField("If-None-Match"), "W/"+d.etag) {
		weaken(ans, d)
	}
}

// requestField is a field of the request as one list (RFC 9110 section 5.3); "" where there is none.
func (x *Exchange) requestField(name string) (list string) {
	for i := range x.Request.Fields {
		f := &x.Request.Fields[i]
		if len(f.Name) != len(name) || !strings.EqualFold(f.Name, name) {
			continue
		}
		list = join(list, f.Value)
	}
	return list
}
