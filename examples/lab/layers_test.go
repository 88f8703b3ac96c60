package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

const module = "github.com/pointsman/pointsman/"

// layer says what a package may import of ours, and what must not be among all that it depends on.
type layer struct {
	ours  []string
	never []string
}

const (
	consulAPI = "github.com/hashicorp/consul/api"
	docker    = "github.com/docker/docker/"
	netHTTP   = "net/http"
)

// layers is the table of who may import whom. A package that is not in it is a new room, and needs a line here.
var layers = map[string]layer{
	"proxy/admin/crowd":        {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy/admin/live":         {ours: []string{"proxy/routing", "proxy/record", "discovery", "discovery/outside", "balancer"}, never: []string{consulAPI, docker}},
	"proxy/dialect/nginxproxy": {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},

	"balancer":              {never: []string{consulAPI, docker, netHTTP}},
	"proxy/http1":           {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect":         {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/filter":          {ours: []string{"proxy/dialect", "proxy/http1", "discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy/files":           {ours: []string{"proxy/dialect", "proxy/filter"}, never: []string{consulAPI, docker}},
	"proxy/dialect/native":  {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/aliyun":  {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/fabio":   {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/traefik": {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
	"discovery/outside":     {never: []string{consulAPI, docker, netHTTP}},
	"discovery/probe":       {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker}},
	"discovery":             {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker}},
	"discovery/text":        {ours: []string{"discovery"}, never: []string{consulAPI, docker}},
	"discovery/names":       {ours: []string{"discovery"}, never: []string{consulAPI, docker}},
	"discovery/consul":      {ours: []string{"discovery", "discovery/outside", "registrator", "discovery/probe"}, never: []string{docker}},
	"discovery/drain":       {ours: []string{"discovery", "discovery/outside"}, never: []string{consulAPI, docker}},
	"discovery/memory":      {ours: []string{"discovery", "registrator", "discovery/probe", "discovery/outside"}, never: []string{consulAPI, docker}},
	"registrator":           {ours: []string{"discovery/outside", "discovery/repeat"}, never: []string{consulAPI, docker}},
	"registrator/compose":   {ours: []string{"registrator"}, never: []string{consulAPI, docker}},
	"registrator/docker":    {ours: []string{"registrator"}, never: []string{consulAPI}},
	"proxy/routing":         {ours: []string{"discovery", "discovery/outside", "balancer", "proxy/dialect", "proxy/filter", "proxy/files", "proxy/http1"}, never: []string{consulAPI, docker}},
	"discovery/repeat":      {never: []string{consulAPI, docker, netHTTP}},
	"proxy/record":          {ours: []string{"balancer", "discovery/repeat"}, never: []string{consulAPI, docker}},
	"proxy/trace":           {never: []string{consulAPI, docker}},
	"proxy/trace/otlp":      {ours: []string{"proxy/trace", "discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy":                 {ours: []string{"proxy/routing", "proxy/record", "proxy/trace", "proxy/filter", "proxy/files", "discovery", "discovery/outside", "balancer", "proxy/dialect", "proxy/http1"}, never: []string{consulAPI, docker}},
	"proxy/certs":           {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy/certs/acme":      {ours: []string{"proxy/certs", "proxy/certs/storage", "discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy/certs/storage":   {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker}},
	"proxy/listen":          {ours: []string{"discovery/outside"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/reactor":         {never: []string{consulAPI, docker, netHTTP}},
	"proxy/event":           {ours: []string{"proxy", "proxy/filter", "proxy/routing", "proxy/record", "discovery/outside", "balancer", "proxy/http1", "proxy/listen", "proxy/reactor"}, never: []string{consulAPI, docker}},
	"proxy/std":             {ours: []string{"proxy", "proxy/routing", "proxy/record", "proxy/filter", "proxy/files", "balancer", "proxy/http1", "proxy/listen"}, never: []string{consulAPI, docker}},
	"proxy/history":         {ours: []string{"proxy/routing", "discovery"}, never: []string{consulAPI, docker}},
	"proxy/admin/page":      {never: []string{consulAPI, docker}},
	"proxy/admin":           {ours: []string{"proxy", "proxy/admin/crowd", "proxy/admin/live", "proxy/admin/page", "proxy/certs", "proxy/history", "proxy/routing", "proxy/record", "proxy/dialect", "discovery", "discovery/outside", "discovery/repeat", "balancer"}, never: []string{consulAPI, docker}},

	"proxy/dialect/convert":         {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/convert/haproxy": {ours: []string{"proxy/dialect", "proxy/dialect/convert"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/convert/ctmpl":   {ours: []string{"proxy/dialect", "proxy/dialect/convert", "proxy/dialect/convert/nginx", "proxy/dialect/convert/haproxy", "discovery/outside"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/convert/nginx":   {ours: []string{"proxy/dialect", "proxy/dialect/convert", "discovery/outside"}, never: []string{consulAPI, docker, netHTTP}},
	"proxy/dialect/traefik1":        {ours: []string{"proxy/dialect"}, never: []string{consulAPI, docker, netHTTP}},
}

type pkg struct {
	ImportPath string
	GoFiles    []string
	Dir        string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,GoFiles,Dir,Imports,Deps", "./...")
	cmd.Dir = Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	for in := json.NewDecoder(strings.NewReader(string(out))); in.More(); {
		var p pkg
		if err := in.Decode(&p); err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		list = append(list, p)
	}
	return list
}

func TestLayersHold(t *testing.T) {
	for _, p := range packages(t) {
		for _, complaint := range complaints(p) {
			t.Errorf("%s %s", p.ImportPath, complaint)
		}
	}
}

func TestLayersCheckCanFail(t *testing.T) {
	bad := []pkg{
		{ImportPath: "balancer", Deps: []string{"net/http"}},
		{ImportPath: "proxy", Imports: []string{module + "proxy/std"}},
		{ImportPath: "proxy/event", Imports: []string{module + "examples/lab"}},
		{ImportPath: "proxy/routing", Imports: []string{module + "proxy/dialect/fabio"}},
		{ImportPath: "registrator", Deps: []string{consulAPI}},
		{ImportPath: "registrator", Deps: []string{docker + "client"}},
		{ImportPath: "discovery/consul", Deps: []string{docker + "client"}},
		{ImportPath: "discovery/memory", Deps: []string{docker + "api/types/events"}},
		{ImportPath: "discovery/memory", Imports: []string{consulAPI}},
		{ImportPath: "newroom"},
	}
	for _, p := range bad {
		if len(complaints(p)) == 0 {
			t.Errorf("no complaint about %+v", p)
		}
	}
}

func complaints(p pkg) []string {
	var list []string
	if slices.Contains(p.Imports, module+"examples/lab") && !strings.HasPrefix(p.ImportPath, "examples/lab/") {
		list = append(list, "imports examples/lab outside of tests")
	}
	if p.ImportPath != "discovery/consul" && slices.Contains(p.Imports, consulAPI) {
		list = append(list, "imports consul/api, which stands in discovery/consul alone")
	}
	if (p.ImportPath == "proxy" || p.ImportPath == "proxy/record") && slices.Contains(p.Imports, netHTTP) {
		list = append(list, "imports net/http") // client_golang brings it in among the dependencies
	}
	if strings.HasPrefix(p.ImportPath, "cmd/") || strings.HasPrefix(p.ImportPath, "examples/") {
		return list
	}
	l, known := layers[p.ImportPath]
	if !known {
		return append(list, "is not in the table of layers")
	}
	for _, path := range p.Imports {
		if ours, ok := strings.CutPrefix(path, module); ok && !slices.Contains(l.ours, ours) {
			list = append(list, "imports "+ours)
		}
	}
	for _, dep := range p.Deps {
		for _, never := range l.never {
			if dep == never || strings.HasSuffix(never, "/") && strings.HasPrefix(dep, never) {
				list = append(list, "depends on "+dep)
			}
		}
	}
	return list
}

// Flags, the environment and exits belong to the commands; the Docker client to one file.
func TestLayersOfProcessAndDocker(t *testing.T) {
	process := regexp.MustCompile(`\bos\.(Getenv|LookupEnv|Exit)\(|\bflag\.(Parse|String|Bool|Int|Duration)\(|\blog\.Fatal`)
	client := 0
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"github.com/docker/docker/client"`) {
				client++
			}
			if strings.HasPrefix(p.ImportPath, "cmd/") || strings.HasPrefix(p.ImportPath, "examples/") {
				continue
			}
			if m := process.FindString(string(text)); m != "" {
				t.Errorf("%s/%s uses %s: only commands read flags and the environment, and exit", p.ImportPath, name, m)
			}
		}
	}
	if client > 1 {
		t.Errorf("the Docker client is imported by %d files, want one", client)
	}
}

// TestLayersTable prints the table, for `make layers`.
func TestLayersTable(t *testing.T) {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(out, "package\tmay import of ours\tmust not depend on\n")
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		l := layers[name]
		fmt.Fprintf(out, "%s\t%s\t%s\n", name, strings.Join(l.ours, " "), strings.Join(l.never, " "))
	}
	_ = out.Flush()
	t.Log("\n" + text.String())
}

// Of the Docker module the program contains the client and its types, and nothing of the daemon: SECURITY.md says so.
func TestLayersOfTheDockerModule(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/pointsman")
	cmd.Dir = Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		part, ours := strings.CutPrefix(dep, docker)
		if ours && part != "client" && part != "api" && !strings.HasPrefix(part, "api/") {
			t.Errorf("cmd/pointsman depends on %s", dep)
		}
	}
}
