package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/cmd/pointsman/check"
	"github.com/pointsman/pointsman/examples/lab"
)

// checkJSON runs check with -json.
func checkJSON(t *testing.T, args ...string) (code int, out check.Report) {
	t.Helper()
	var text, complaints bytes.Buffer
	p := program{args: append([]string{"-json"}, args...), lookup: func(string) (string, bool) { return "", false }, stdout: &text, stderr: &complaints}
	code = runCheck(context.Background(), p)
	if err := json.Unmarshal(text.Bytes(), &out); err != nil {
		t.Fatalf("%q: %v; %s", args, err, complaints.String())
	}
	return code, out
}

// facts are what check must say of a file, each in a line: SERVICE WORD TEXT. The word is a verdict, and the text begins the label, with a part of the
// reason behind " ~ "; or it is route, and the text is words of its line and where it leads; or registers, note, instances or error.
type facts struct {
	file string
	args string
	code int
	text string
}

func (f facts) check(t *testing.T, out *check.Report) {
	t.Helper()
	for line := range strings.Lines(f.text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		word, text, _ := strings.Cut(rest, " ")
		i := slices.IndexFunc(out.Services, func(s *check.ServiceReport) bool { return s.Service == name })
		if i < 0 || !holds(out.Services[i], word, text) {
			t.Errorf("%s: not said: %s", f.file, line)
		}
	}
}

func holds(s *check.ServiceReport, word, text string) bool {
	has := func(in string) bool { return strings.Contains(in, text) }
	switch word {
	case "route":
		words := strings.Fields(text)
		return slices.ContainsFunc(s.Routes, func(r check.Route) bool {
			line := strings.Fields(r.Line)
			line = append(line, "->", r.Name+":"+strconv.Itoa(r.ContainerPort))
			if r.Closed {
				line = append(line, "closed")
			}
			return line[0] == words[0] && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(line, w) })
		})
	case "no-route":
		return len(s.Routes) == 0
	case "registers":
		return slices.ContainsFunc(s.Registers, func(r check.Registration) bool {
			return has(r.Name + ":" + strconv.Itoa(r.ContainerPort) + " " + strings.Join(r.Tags, ",") + " " + r.Meta["region"] + " " + r.Check)
		})
	case "unregistered":
		return len(s.Registers) == 0
	case "note":
		return slices.ContainsFunc(s.Notes, has)
	case "error":
		return has(s.Error) && s.Error != ""
	case "instances":
		return strconv.Itoa(s.Instances) == text
	}
	source, reason, _ := strings.Cut(text, " ~ ")
	return slices.ContainsFunc(s.Results, func(l *check.Result) bool {
		return l.Verdict == word && strings.HasPrefix(l.Source, source) && strings.Contains(l.Reason+"; "+l.Advice, reason)
	})
}

// composeFacts is what must be said of what people write.
var composeFacts = []facts{
	{"reg-1-usual", "-registered", 0, `
		consul unregistered
		consul used SERVICE_IGNORE
		pantry registers pantry:3000 kitchen,urlprefix-pantry.example.org/,v0.4
		pantry registers /ready every 15s, timeout 2s
		pantry route pantry.example.org/ -> pantry:3000
		ledger registers ledger:80  north
		ledger used SERVICE_REGION`},
	{"reg-2-ports", "", 0, `
		kiosk registers kiosk-web:8080 web,urlprefix-/kiosk strip=/kiosk
		kiosk registers /?probe=yes&deep=0 every 10s
		kiosk registers kiosk-metrics:9090 common
		kiosk route /kiosk strip=/kiosk -> kiosk-web:8080
		kiosk used SERVICE_8443_IGNORE ~ port 8443 is not registered`},
	{"reg-3-labels", "", 0, `
		almanac registers almanac:4000 public,scraped
		almanac ignored SERVICE_NAME=wrong ~ label
		scratch unregistered`},
	{"reg-4-ignore", "", 0, `
		a unregistered
		b unregistered
		b used SERVICE_IGNORE=false ~ any value has this effect
		c registers c:83
		d registers d-84:84
		d used SERVICE_53_udp_IGNORE`},
	{"ali-1-usual", "", 0, `
		orchid route orchid/ -> orchid:80
		orchid route orchid.localhost/ -> orchid:80
		orchid registers /health.txt
		orchid ignored aliyun.scale ~ docker-compose scale
		orchid used aliyun.probe.url
		orchid ignored aliyun.logs
		db ignored aliyun.logs`},
	{"ali-2-hosts", "-domain apps.example.org", 0, `
		press route press/ sticky -> press:80
		press route press.apps.example.org/ sticky -> press:80
		press route www.press.example.org/ sticky -> press:80
		press route press.example.org/blog sticky -> press:80
		prices route prices.local/ -> prices:8080
		prices partly aliyun.routing.port_8080=prices.local ~ for other containers only`},
	{"ali-3-ports", "", 0, `
		portal route portal.example.org/ -> portal-8080:8080
		portal route portal.localhost/ -> portal-8080:8080
		portal route portal-admin.example.org/ -> portal-9090:9090
		portal ignored aliyun.lb.port_5044 ~ publish the port
		portal ignored aliyun.latest_image`},
	{"tra-1-usual", "-acme", 0, `
		lantern route lantern.example.org/ listener=http redirect=301,https://$host$path -> lantern:3000
		lantern route lantern.example.org/ listener=https tls=acme -> lantern:3000
		lantern used traefik.http.routers.lantern.tls.certresolver
		lantern used traefik.docker.network=edge
		lantern used traefik.http.services.lantern.loadbalancer.server.port`},
	{"tra-1-usual", "", 0, `lantern partly traefik.http.routers.lantern.tls.certresolver=le ~ certificates`},
	{"ali-1-usual", "-strict", 1, ``},
	{"tra-1-usual", "-entrypoints websecure=", 1, `lantern refused traefik.http.routers.lantern.entrypoints ~ entry point`},
	{"tra-2-map", "", 0, `
		cellar instances 2
		cellar route cellar.example.org/wine path=prefix listener=http|https priority=10 -> cellar:80
		cellar route cellar.example.org/cider path=exact listener=http|https priority=10 -> cellar:80
		attic route attic-compose/ -> attic:8080
		attic note the image may expose a lower one`},
	{"tra-3-strip", "", 0, `
		ui route tower.example.org/ priority=1 -> ui:80
		api route tower.example.org/api path=prefix -> api:5000
		api used traefik.http.middlewares.api-strip.stripprefix.prefixes
		api used traefik.http.middlewares.api-head.headers.customresponseheaders.X-Robots-Tag=noindex, nofollow
		api used traefik.http.middlewares.api-head.headers.customrequestheaders.X-Forwarded-Proto`},
	{"tra-4-v1", "", 0, `
		choir route choir.example.org/ -> choir:8080
		choir route www.choir.example.org/ -> choir:8080
		choir used traefik.backend=choir
		choir partly traefik.docker.network=web ~ its usual network is used
		organ route choir.example.org/organ strip=/organ auth=set -> organ:9000
		organ used traefik.frontend.auth.basic`},
	{"npx-1-usual", "", 0, `
		proxy note -default-service notes
		proxy ignored HTTPS_METHOD=nohttp ~ for all hosts there; start the proxy with -tls-listen
		proxy ignored HSTS=off ~ in the environment of the services
		proxy note vhost.d (/etc/nginx/vhost.d)
		proxy no-route
		notes route notes.example.org/ prefer-https -> notes:3000
		notes used VIRTUAL_HOST=notes.example.org
		notes used VIRTUAL_PORT=3000
		notes partly LETSENCRYPT_HOST=notes.example.org ~ -acme-dir
		notes ignored LETSENCRYPT_EMAIL= ~ -acme-email
		charts route charts.example.org/ -> charts:9000
		charts used VIRTUAL_PORT=9000`},
	{"npx-1-usual", "-acme", 0, `notes used LETSENCRYPT_HOST=notes.example.org`},
	{"npx-2-hosts", "", 0, `
		atlas instances 3
		atlas route atlas.example.org/ -> atlas:8000
		atlas route www.atlas.example.org/ -> atlas:8000
		atlas route maps.example.org/ -> atlas:8000
		atlas used VIRTUAL_HOST=
		multi route multi.example.org/ -> multi:80`},
	{"npx-3-paths", "", 0, `
		sorter route home.example.org/sorter/ path=prefix -> sorter:8989
		wiki route home.example.org/wiki/ path=prefix strip=/wiki/ -> wiki:3000
		wiki used VIRTUAL_DEST=/
		root route home.example.org/ -> root:80
		root used VIRTUAL_PATH=/`},
	{"npx-4-proto", "", 0, `
		console route console.example.org/ proto=https tlsskipverify=true -> console:8443
		console used HTTPS_METHOD=noredirect
		console partly VIRTUAL_PROTO=https ~ not verified
		trap route trap.example.org/ proto=https -> trap:80
		trap partly VIRTUAL_PROTO=https ~ the container exposes 443 too`},
	{"tra-5-dashboard", "", 0, `
		traefik ignored traefik.http.routers.dash.service=api@internal ~ Traefik's own
		traefik route ?*/ listener=http -> traefik-80:80
		gallery route gallery.example.org/ listener=https auth=set -> gallery:80
		gallery note port 80 is assumed`},
	{"bad-values", "", 1, `
		yes refused traefik.enable=yes ~ "yes" is neither true nor false
		port refused traefik.http.services.port.loadbalancer.server.port=http ~ "http" is no port between 1 and 65535
		old refused traefik.port=http ~ "http" is no port between 1 and 65535
		several refused VIRTUAL_PORT=80,81 ~ "80,81" is no port between 1 and 65535
		published refused VIRTUAL_PORT=80,81 ~ no port between 1 and 65535
		nobody refused traefik.http.middlewares.none.basicauth.users= ~ names nobody`},
	{"two-generations", "", 0, `
		same route a.example/ -> same:80
		same used traefik.http.routers.same.rule
		same ignored traefik.frontend.rule=Host:a.example ~ they hold
		older route b.example/ allow=ip:10.0.0.0/8 -> older:80
		older used traefik.frontend.whiteList.sourceRange=10.0.0.0/8
		older ignored traefik.http.routers.older.rule ~ they hold
		ports route c.example/ -> ports-80:80
		ports route c.example/admin -> ports-9000:9000
		ports used VIRTUAL_HOST_MULTIPORTS`},
}

func TestCheckOfComposeFiles(t *testing.T) {
	for _, f := range composeFacts {
		began := time.Now()
		code, out := checkJSON(t, append(strings.Fields(f.args), filepath.Join("testdata", "compose", f.file+".yml"))...)
		if took := time.Since(began); took > 20*time.Second { // a second, on a machine with nothing else to do
			t.Errorf("%s took %v", f.file, took)
		}
		if code != f.code {
			t.Errorf("%s %s: exit code %d, want %d", f.file, f.args, code, f.code)
		}
		f.check(t, &out)
		for _, s := range out.Services {
			for _, l := range s.Results {
				if l.Verdict == "" || l.Verdict != "used" && l.Reason == "" {
					t.Errorf("%s: %s: nothing is said of %+v", f.file, s.Service, l)
				}
			}
		}
	}
}

// Every label and variable of each file that a language reads is in the report, and in it once.
func TestCheckSaysSomethingOfEachLabel(t *testing.T) {
	files, err := filepath.Glob("testdata/compose/*.yml")
	if err != nil || len(files) < 16 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, out := checkJSON(t, file)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimLeft(line, " -\"")
			key := line[:max(0, strings.IndexAny(line, "=:"))]
			if !slices.ContainsFunc([]string{"traefik.", "aliyun.", "SERVICE_", "VIRTUAL_", "LETSENCRYPT_", "HTTPS_METHOD"}, func(p string) bool { return strings.HasPrefix(key, p) }) {
				continue
			}
			if !slices.ContainsFunc(out.Services, func(s *check.ServiceReport) bool {
				return slices.ContainsFunc(s.Results, func(l *check.Result) bool { return strings.HasPrefix(l.Source, key+"=") })
			}) {
				t.Errorf("%s: nothing is said of %s", file, key)
			}
		}
	}
}

// Variables of nginx-proxy are read where they are variables, and labels where they are labels: what stands in the other place is said to be ignored.
func TestCheckReadsVariablesAndLabelsWhereTheyStand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "compose.yml")
	if err := os.WriteFile(file, []byte(`
services:
  label: { image: example/label, ports: [ 80 ], labels: { VIRTUAL_HOST: a.example } }
  both: { image: example/both, ports: [ 80 ], labels: { VIRTUAL_HOST: a.example, SERVICE_NAME: both }, environment: { VIRTUAL_HOST: a.example } }
  environment: { image: example/environment, ports: [ 80 ], environment: { traefik.enable: "true", pointsman.route: b.example/ } }
  deploy: { image: example/deploy, ports: [ 80 ], deploy: { labels: { VIRTUAL_HOST: c.example, traefik.enable: "true" } } }
  own: { image: example/own, ports: [ 80 ], environment: { VIRTUAL_PORT: 80, HTTPS_METHOD: nohttp, CERT_NAME: mine } }
  none: { image: example/none, network_mode: none, environment: { VIRTUAL_HOST: d.example } }
  several: { image: example/several, expose: [ 3000 ], environment: { VIRTUAL_HOST_MULTIPORTS: "e.example:\nf.example:\n  /:\n    port: 9000\n" } }
  secret: { image: example/secret, expose: [ 80 ], environment: { VIRTUAL_HOST: g.example, ACME_EAB_KID: hunter2, ACME_EAB_HMAC_KEY: hunter2 }, labels: { ACME_EAB_KID: hunter2 } }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out := checkJSON(t, file)
	facts{file: "places", text: `
		label ignored VIRTUAL_HOST=a.example ~ write it in the service's environment
		label no-route
		both ignored VIRTUAL_HOST=a.example ~ write it in the service's environment
		both used VIRTUAL_HOST=a.example
		both route a.example/ -> both:80
		environment ignored traefik.enable=true ~ write it among the service's labels
		environment ignored pointsman.route=b.example/ ~ write it among the service's labels
		environment no-route
		deploy ignored traefik.enable=true ~ Swarm
		deploy ignored VIRTUAL_HOST=c.example ~ service's environment
		own ignored VIRTUAL_PORT=80 ~ there is no VIRTUAL_HOST
		own ignored HTTPS_METHOD=nohttp ~ there is no VIRTUAL_HOST
		own ignored CERT_NAME=mine ~ there is no VIRTUAL_HOST
		none refused VIRTUAL_HOST=d.example ~ nothing is registered
		several route e.example/ -> several-3000:3000
		several route f.example/ -> several-9000:9000
		several used VIRTUAL_HOST_MULTIPORTS=
		secret route g.example/ -> secret:80
		secret ignored ACME_EAB_KID=set ~ -acme-eab-kid
		secret ignored ACME_EAB_HMAC_KEY=set ~ -acme-eab-key-file`}.check(t, &out)
	if text, _ := json.Marshal(out); bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("the report shows a secret: %s", text)
	}
	for _, s := range out.Services {
		for _, l := range s.Results {
			if l.Kind == "label" && strings.HasPrefix(l.Source, "VIRTUAL_") && l.Verdict != "ignored" {
				t.Errorf("%s: a label is read as a variable: %+v", s.Service, l)
			}
		}
	}
}

// A catalogue is read once: what its instances' tags become, and what stands in their way.
func TestCheckOfACatalogue(t *testing.T) {
	t.Parallel()
	c := lab.StartConsul(t)
	put(t, c, "shop", "127.0.0.1", 81, "pointsman.route=shop.example/", "v1")
	put(t, c, "shop", "127.0.0.1", 82, "pointsman.route=shop.example/", "pointsman.route.b=/b allow=nobody")
	put(t, c, "old", "127.0.0.1", 83, "urlprefix-shop.example/", "traefik.http.routers.r.rule=Host(`a.b`)")
	put(t, c, "plain", "127.0.0.1", 84, "v2")
	if err := c.PutKey("pointsman/routes/extra", "/x to=service:plain speed=9"); err != nil {
		t.Fatal(err)
	}
	address := c.HTTP
	code, out := checkJSON(t, "-consul", address)
	facts{file: "catalogue", text: `
		shop instances 2
		shop route shop.example/ -> shop:0
		shop used pointsman.route=shop.example/
		shop refused pointsman.route.b=/b
		shop route /b closed
		old ignored traefik.http.routers.r.rule
		old route shop.example/ -> old:0`}.check(t, &out)
	if code != 1 || len(out.Notes) == 0 {
		t.Errorf("exit code %d, notes %q", code, out.Notes)
	}
	text, _ := json.Marshal(out)
	if !bytes.Contains(text, []byte("speed")) {
		t.Errorf("nothing is said of the line in KV: %s", text)
	}
	code, lines := runChecked(t, "-consul", "127.0.0.1:1")
	if code != exitFatal || len(lines) != 1 {
		t.Errorf("nobody there: exit code %d, %q", code, lines)
	}
}

func TestCheckOfWhatCanNotBeRead(t *testing.T) {
	write := func(name, text string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write("compose.yml", `
services:
  good: { image: example/good, labels: { pointsman.route: "${SITE}.example.org/ allow=10.0.0.0/8", pointsman.port: 80, traefik.enable: false }, deploy: { labels: { traefik.enable: "true" } } }
  bad: { image: "example/${TAG?no tag given}" }
  two: { image: example/two, expose: [ 80 ], labels: { pointsman.route: "/x allow=nobody" } }
  secret: { image: example/x, expose: [ 80 ], labels: { pointsman.route: "/y auth=keeper:$$apr1$$abcdefgh$$0123456789abcdefghijk/" } }
`)
	env := write("variables", "SITE=shop\n")
	code, out := checkJSON(t, file, "-env", env)
	facts{file: "env", text: `
		good route shop.example.org/ allow=ip:10.0.0.0/8 -> good:80
		good used pointsman.port ~ how the container is registered
		good ignored traefik.enable=true ~ deploy.labels
		bad error no tag given
		two refused pointsman.route=/x
		two route /x -> two:80 closed`}.check(t, &out)
	if code != 1 || out.Totals["error"] != 1 {
		t.Errorf("exit code %d, %v", code, out.Totals)
	}
	_, out = checkJSON(t, "-labels-secrets=false", file)
	facts{file: "none", text: `
		good note "SITE" has no value
		secret refused pointsman.route=/y ~ -labels-secrets publishes it`}.check(t, &out)
	text, _ := json.Marshal(out)
	if bytes.Contains(text, []byte("0123456789abcdef")) {
		t.Error("the report shows a password's hash")
	}
	for _, args := range [][]string{{file + "x"}, {write("x.yml", "{{ if }}")}, {"-env", file + "x", file}} {
		if code, lines := runChecked(t, args...); code != exitFatal || len(lines) != 1 || !strings.HasPrefix(lines[0], "pointsman check: ") {
			t.Errorf("%q: exit code %d, %q", args, code, lines)
		}
	}
	for _, args := range [][]string{{}, {file, "other.yml"}, {file, "-tag", "x"}, {file, "-consul", "x"}, {"-json"}} {
		if code, lines := runChecked(t, args...); code != exitUsage {
			t.Errorf("%q: exit code %d, %q", args, code, lines)
		}
	}
}

// The example of its page prints what stands there.
func TestCheckPrintsWhatItsPageShows(t *testing.T) {
	_, shown, _ := strings.Cut(lab.Page(t, "check"), "```text\n")
	shown, _, _ = strings.Cut(shown, "\n```")
	code, lines := runChecked(t, filepath.Join(lab.Root(), "examples", "published", "docker-compose.yml"))
	if code != exitOK || strings.Join(lines, "\n") != shown {
		t.Errorf("exit code %d, %s; the page shows %s", code, strings.Join(lines, "\n"), shown)
	}
}

// What labels name of Traefik's file is there with -traefik-file, and nowhere without.
func TestCheckReadsTraefiksFile(t *testing.T) {
	folder := t.TempDir()
	file, compose := filepath.Join(folder, "dynamic.yml"), filepath.Join(folder, "compose.yml")
	for name, text := range map[string]string{
		file:    "http: { middlewares: { office: { ipAllowList: { sourceRange: [ 192.0.2.0/24 ] } } } }\n",
		compose: "services: { web: { image: x, expose: [ 80 ], labels: [ traefik.enable=true, traefik.http.routers.w.rule=Host(`web.example`), traefik.http.routers.w.middlewares=office@file ] } }\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out := checkJSON(t, compose, "-traefik-file", file)
	facts{file: "with", text: "web route web.example/ allow=ip:192.0.2.0/24 -> x:80\nweb used traefik.http.routers.w.middlewares=office@file"}.check(t, &out)
	if code != 0 {
		t.Errorf("exit code %d: %+v", code, out)
	}
	code, out = checkJSON(t, compose)
	facts{file: "without", text: "web route web.example/ closed\nweb refused traefik.http.routers.w.middlewares=office@file"}.check(t, &out)
	if code != 1 {
		t.Errorf("exit code %d: %+v", code, out)
	}
}
