package nginx

import (
	"path"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// maxFiles bounds what includes bring in, and so does maxIncludes how deep they stand in one another.
const (
	maxFiles    = 256
	maxIncludes = 8
)

// reader makes directives of files, those that they include in their positions.
type reader struct {
	report *convert.Report
	// include reads the files of an include.
	include func(from, pattern string) ([]convert.File, error)
	env     func(name string) (string, bool)
	count   int
	files   int
	// open are the names of the files that are being read, each included by the one before it.
	open []string
}

// read is the directives of a file.
func (r *reader) read(f *convert.File, depth int) []*directive {
	r.files++
	r.open = append(r.open, path.Clean(f.Name))
	defer func() { r.open = r.open[:len(r.open)-1] }()
	p := &parser{lexer: lexer{text: r.substituted(f.Text), line: 1}, file: f, count: &r.count}
	p.problem = func(line int, text, why string) {
		r.report.Add(f.Name, line, text).Mark(convert.Unsupported, why, "")
	}
	return r.expand(p.block(0), depth)
}

// expand notes each directive for the report, and puts what is included in its place.
func (r *reader) expand(list []*directive, depth int) (out []*directive) {
	for _, d := range list {
		d.remark = r.report.Add(d.file.Name, d.line, d.text())
		if d.is("include") {
			out = append(out, r.included(d, depth)...)
			continue
		}
		if d.unended {
			d.unfit("the ; behind it is missing: nginx does not start with it, and nobody is let in where it stands", "end it with ;")
			each(r.expand(d.block, depth), func(in *directive) { in.unfit("the ; in front of its block is missing", "") })
			d.block = nil
			out = append(out, r.lost(d)...)
		}
		if len(d.block) > 0 {
			d.block = r.expand(d.block, depth)
		}
		out = append(out, d)
	}
	return out
}

// known are files that come with nginx and hold nothing for a proxy of HTTP.
var known = map[string]string{
	"mime.types":             "types of files are known by their names",
	"fastcgi_params":         "FastCGI is not supported",
	"fastcgi.conf":           "FastCGI is not supported",
	"uwsgi_params":           "uWSGI is not supported",
	"scgi_params":            "SCGI is not supported",
	"options-ssl-nginx.conf": "certbot's TLS settings: the proxy has its own",
}

func (r *reader) included(d *directive, depth int) (out []*directive) {
	pattern := d.arg(0)
	base := pattern[strings.LastIndexByte(pattern, '/')+1:]
	if why, ok := known[base]; ok {
		d.implied(why)
		return nil
	}
	if base == "proxy_params" {
		d.carried("the file that Debian has")
		return append(out, r.read(&convert.File{Name: pattern, Text: proxyParams}, depth+1)...)
	}
	if strings.Contains(pattern, "/modules-enabled/") {
		d.implied("modules of nginx")
		return nil
	}
	if depth == maxIncludes || r.files >= maxFiles || r.include == nil {
		d.unfit("too many files are included", "")
		return r.lost(d)
	}
	files, err := r.include(d.file.Name, pattern)
	switch {
	case err != nil:
		d.unfit("it can't be read: "+err.Error(), "convert it with the files that it stands for")
		return r.lost(d)
	case len(files) == 0 && !strings.ContainsAny(pattern, "*?["):
		d.unfit("there is no such file", "convert it where the file is")
		return r.lost(d)
	case len(files) == 0:
		d.implied("no file has such a name")
	}
	for i := range files {
		if slices.Contains(r.open, path.Clean(files[i].Name)) { // what it says is read already: nothing is lost
			d.unfit("the file includes itself: it is read once", "remove this line; nginx does not start with it")
			continue
		}
		if r.files >= maxFiles {
			d.unfit("too many files are included", "")
			return append(out, r.lost(d)...)
		}
		d.carried("")
		out = append(out, r.read(&files[i], depth+1)...)
	}
	return out
}

// proxyParams is what Debian's nginx has in proxy_params.
const proxyParams = `proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`

// lost stands for directives that nobody has read: they may restrict.
func (r *reader) lost(d *directive) []*directive {
	return []*directive{{name: lostName, args: d.args, file: d.file, line: d.line, remark: d.remark}}
}

// lostName is the name of a directive that stands for others.
const lostName = "include"
