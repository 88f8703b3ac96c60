package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// container is an instance as a registrator of ours registers the k-th container of a Compose service, by one of its ports.
func container(catalogue, project, service string, k, port int, tags ...string) discovery.Instance {
	in := fixture.Instance(catalogue, fmt.Sprintf("172.18.0.%d", k+1), port, tags...)
	in.Container, in.Marked, in.Registered = fmt.Sprintf("%064x", k), true, true
	in.Meta = map[string]string{outside.MetaPort: fmt.Sprint(port), outside.MetaImage: "example/" + service, outside.MetaName: fmt.Sprintf("%s_%s_%d", project, service, k),
		outside.MetaProject: project, outside.MetaService: service, "password": "s3cr3t-marker"}
	return in
}

func tableOf(list ...discovery.Instance) *routing.Switch {
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages(), Registered: true})
	s.Apply(fixture.Snapshot(list...))
	return s
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestServiceIsToldAsTheContainerServiceDoes(t *testing.T) {
	sick := container("web", "shop", "web", 2, 8080, "pointsman.route=shop.example.com/cart rate-limit=5/s")
	sick.Status = discovery.Critical
	idle := container("web", "shop", "web", 3, 8080)
	idle.Status = discovery.Maintenance
	published := container("web-9090", "shop", "web", 1, 9090)
	published.Address, published.Port = "172.18.0.2", 32768
	s := tableOf(sick, idle, published, container("web", "shop", "web", 1, 8080, "pointsman.route=shop.example.com/cart auth=basic:u:$2y$05$abcdefghijklmnopqrstuuZ8d8a9b7c6e5f4g3h2i1j0k9l8m7n6o", "pointsman.zone=a", "plain"),
		container("db", "shop", "db", 9, 3306))
	h := Admin(Options{Table: s.Load})
	one := `"0000000000000000000000000000000000000000000000000000000000000001":{"name":"/shop_web_1","node":"n1","ip":"172.18.0.2","running":true,"status":"running","health":"success","port":8080,"ports":{%s}},`
	rest := `"0000000000000000000000000000000000000000000000000000000000000002":{"name":"/shop_web_2","node":"n1","ip":"172.18.0.3","running":true,"status":"running","health":"fail","port":8080,"ports":{"8080":8080}},
		"0000000000000000000000000000000000000000000000000000000000000003":{"name":"/shop_web_3","node":"n1","ip":"172.18.0.4","running":false,"status":"maintenance","health":"fail","port":8080,"ports":{"8080":8080}}}}`
	for name, want := range map[string]string{
		"web": `{"Service":{"name":"web","project":"shop","definition":{"image":"example/web","labels":{"pointsman.route":"shop.example.com/cart auth=set"},"links":[],"volumes":[],"ports":["8080"]},
			"extensions":{"scale":3,"routing":[{"virtual_host":"shop.example.com/cart","protocol":"http","port":8080}]}},
			"Containers":{` + fmt.Sprintf(one, `"8080":8080`) + rest,
		"shop_web": `{"Service":{"name":"web","project":"shop","definition":{"image":"example/web","labels":{"pointsman.route":"shop.example.com/cart auth=set"},"links":[],"volumes":[],"ports":["8080","9090"]},
			"extensions":{"scale":3,"routing":[{"virtual_host":"shop.example.com/cart","protocol":"http","port":8080},{"virtual_host":"web-9090.localhost","protocol":"http","port":9090}]}},
			"Containers":{` + fmt.Sprintf(one, `"8080":8080,"9090":32768`) + rest,
	} {
		w := get(h, "localhost", "/services/"+name)
		if got := compact(t, w.Body.String()); w.Code != 200 || got != compact(t, want) {
			t.Errorf("%s: %d\n got %s\nwant %s", name, w.Code, got, compact(t, want))
		}
	}
}

func TestServiceOfOthersHasWhatIsKnown(t *testing.T) {
	in := fixture.Instance("legacy", "10.0.0.7", 8000, "urlprefix-old.example.com/", "urlprefix-/any strip=/any", "version=3")
	h := Admin(Options{Table: tableOf(in).Load})
	want := `{"Service":{"name":"legacy","project":"","definition":{"image":"","labels":{},"links":[],"volumes":[],"ports":["8000"]},
		"extensions":{"scale":1,"routing":[{"virtual_host":"*/any","protocol":"http","port":0},{"virtual_host":"old.example.com","protocol":"http","port":0}]}},
		"Containers":{"legacy-10.0.0.7-8000":{"name":"","node":"n1","ip":"10.0.0.7","running":true,"status":"","health":"success","port":8000}}}`
	if got := compact(t, get(h, "localhost", "/services/legacy").Body.String()); got != compact(t, want) {
		t.Errorf("\n got %s\nwant %s", got, compact(t, want))
	}
}

func TestServiceTellsOnlyWhatIsServed(t *testing.T) {
	closed := container("shut", "p", "shut", 1, 80, "pointsman.route=shut.example.com/ allow=nonsense", "pointsman.route.b=open.example.com/")
	h := Admin(Options{Table: tableOf(closed).Load})
	body := get(h, "localhost", "/services/shut").Body.String()
	if strings.Contains(body, "shut.example.com") || !strings.Contains(body, `"virtual_host": "open.example.com"`) {
		t.Errorf("%s", body)
	}
}

func TestServiceNamesThatMeanNothing(t *testing.T) {
	h := Admin(Options{Table: tableOf(container("web", "shop", "web", 1, 80)).Load})
	for path, want := range map[string]int{
		"/services/web": 200, "/services/shop_web": 200, "/services/w%65b": 200, "/services/shop_web_1": 404, "/services/shop": 404, "/services/_web": 404, "/services/_": 404,
		"/services/..%2f": 404, "/services/..%2fapi%2froutes": 404, "/services/%2e%2e": 404, "/services/%00": 404, "/services/%ff": 404, "/services/web%0d%0aX:%20y": 404,
		"/services/" + strings.Repeat("w", 9000): 404, "/services/": 404, "/services/web/": 404, "/services/web/..": 307, "/services/web?watch=maybe": 400, "/services/web?watch=0": 200,
		"/services/%3Cscript%3E": 404, "/services/web%20": 404,
	} {
		w := get(h, "localhost", path)
		if w.Code != want || w.Code >= 400 && strings.Contains(w.Body.String(), "<script>") || w.Header().Get("X") != "" {
			t.Errorf("%.60s: %d, want %d: %v %s", path, w.Code, want, w.Header(), w.Body)
		}
		if kind := w.Header().Get("Content-Type"); strings.HasPrefix(path, "/services/") && w.Code == 400 && kind != "application/problem+json" {
			t.Errorf("%s: %s", path, kind)
		}
	}
	if w := get(Admin(Options{Table: routing.NewSwitch(routing.Options{}).Load}), "localhost", "/services/web"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("before the first table: %d", w.Code)
	}
}

func TestServiceOfTenThousandHostileContainersIsBounded(t *testing.T) {
	list := make([]discovery.Instance, 0, maxContainers+500)
	for k := range cap(list) {
		in := container("web", "shop", "web", k, 80, "pointsman.route="+fmt.Sprintf("h%d.example.com/", k%300), "pointsman.x\x1b[31m=<script>", strings.Repeat("k.", 500)+"=v")
		in.Address = fmt.Sprintf("10.%d.%d.1", k/200, k%200)
		in.ID = fmt.Sprintf("id-%06d", k)
		in.Meta[outside.MetaName] = "\x1b[31m<script>\r\n" + strings.Repeat("é", 2000)
		in.Meta[outside.MetaImage] = strings.Repeat("i", 10000)
		list = append(list, in)
	}
	h := Admin(Options{Table: tableOf(list...).Load})
	begun := time.Now()
	w := get(h, "localhost", "/services/shop_web")
	t.Logf("%d bytes in %s", w.Body.Len(), time.Since(begun))
	var v containersView
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Body.Len() > 16<<20 {
		t.Fatalf("%v, %d bytes", err, w.Body.Len())
	}
	if len(v.Containers) != maxContainers || v.More != 500 || v.Service.Extensions.Scale != maxContainers+500 || len(v.Service.Extensions.Routing) > maxVirtualHosts {
		t.Errorf("%d containers, %d more, scale %d, %d virtual hosts", len(v.Containers), v.More, v.Service.Extensions.Scale, len(v.Service.Extensions.Routing))
	}
	for _, bad := range []string{"<script>", "\x1b", "s3cr3t-marker", strings.Repeat("i", 300)} {
		if strings.Contains(w.Body.String(), bad) {
			t.Errorf("it holds %.20q", bad)
		}
	}
	begun = time.Now()
	for range 10 {
		if got := get(h, "localhost", "/services/shop_web"); got.Body.Len() != w.Body.Len() {
			t.Fatal("another answer")
		}
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("ten answers of one table: %s", took)
	}
}

func TestServiceHasAnEntityTag(t *testing.T) {
	s := tableOf(container("web", "shop", "web", 1, 80))
	h := Admin(Options{Table: s.Load})
	ask := func(tag string) (int, string, int) {
		r := request("/services/web")
		r.Header.Set("If-None-Match", tag)
		w := recorded(h, r)
		return w.Code, w.Header().Get("ETag"), w.Body.Len()
	}
	code, tag, _ := ask("")
	if code != 200 || len(tag) < 10 {
		t.Fatalf("%d %q", code, tag)
	}
	for _, field := range []string{tag, `"x", ` + tag, "W/" + tag, "*"} {
		if code, _, n := ask(field); code != 304 || n != 0 {
			t.Errorf("%s: %d with %d bytes", field, code, n)
		}
	}
	s.Apply(fixture.Snapshot(container("web", "shop", "web", 1, 80), container("other", "shop", "other", 7, 80)))
	if code, _, _ := ask(tag); code != 304 {
		t.Errorf("another service changed: %d", code)
	}
	s.Apply(fixture.Snapshot(container("web", "shop", "web", 1, 80), container("web", "shop", "web", 2, 80)))
	if code, next, _ := ask(tag); code != 200 || next == tag {
		t.Errorf("it was scaled: %d %s", code, next)
	}
}

// Labels of the container service itself come out as it told them.
func TestServiceToldByLabels(t *testing.T) {
	labels := []string{"aliyun.routing.port_8080=http://tomcat-sample", "aliyun.routing.port_9090=shop.example.com/cart;https://shop", "aliyun.routing.session_sticky=true",
		"aliyun.scale=3", "aliyun.probe.url=http://user:s3cr3t-marker@container/health"}
	s := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
	s.Apply(fixture.Snapshot(container("tomcat", "web", "tomcat", 1, 8080, labels...), container("tomcat-9090", "web", "tomcat", 1, 9090, labels...)))
	body := compact(t, get(Admin(Options{Table: s.Load}), "localhost", "/services/web_tomcat").Body.String())
	for _, want := range []string{
		`"labels":{"aliyun.routing.port_8080":"http://tomcat-sample","aliyun.routing.port_9090":"shop.example.com/cart;https://shop","aliyun.routing.session_sticky":"true"},`,
		`"routing":[{"virtual_host":"tomcat-sample","protocol":"http","port":8080},{"virtual_host":"tomcat-sample.localhost","protocol":"http","port":8080},` +
			`{"virtual_host":"shop","protocol":"https","port":9090},{"virtual_host":"shop.example.com/cart","protocol":"http","port":9090},` +
			`{"virtual_host":"shop.localhost","protocol":"https","port":9090}]`,
		`"port":8080,"ports":{"8080":8080,"9090":9090}}`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Contains(body, "s3cr3t-marker") {
		t.Errorf("a secret: %s", body)
	}
}
