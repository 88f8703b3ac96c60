package registrator

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// wantFit fails for a registration that could do harm further on: unbounded, on several lines, not UTF-8, or with a
// port or address that is none.
func wantFit(t *testing.T, r Registration) {
	t.Helper()
	texts := append([]string{r.ID, r.Name, r.Address}, r.Tags...)
	for k, v := range r.Meta {
		texts = append(texts, k, v)
		if len(k) > maxMetaKey || len(v) > maxMetaValue {
			t.Errorf("meta %q is %d bytes", k, len(v))
		}
	}
	for _, c := range r.Checks {
		texts = append(texts, c.HTTP, c.Method, c.TCP, c.GRPC, c.TTL, c.Interval, c.Timeout, c.Status, c.DeregisterAfter, c.Output)
		texts = append(texts, c.Script...)
		for k, vs := range c.Header {
			texts = append(append(texts, k), vs...)
		}
	}
	for _, s := range texts {
		if len(s) > maxValue+4096 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) && !strings.Contains(s, "\t") {
			t.Errorf("unfit text %s", Shown(s))
		}
	}
	if r.Port < 1 || r.Port > 65535 || r.ID == "" || r.Name == "" || len(r.Tags) > 2*maxTags+maxLabels+1 || len(r.Meta) > maxMetaPairs || len(r.Checks) > 2 {
		t.Errorf("unfit registration %+v", r)
	}
	if r.Address != "" && fitHost(r.Address) == "" {
		t.Errorf("unfit address %q", r.Address)
	}
}

func wantFitComplaints(t *testing.T, complaints []Complaint) {
	t.Helper()
	if len(complaints) > maxComplaints+1 {
		t.Errorf("%d complaints", len(complaints))
	}
	for _, p := range complaints {
		line := p.String()
		if len(line) > 2000 || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("unfit complaint %q", line)
		}
	}
}

// Docker takes any label; each of these may cost its own container something, and nobody else.
func TestHostileLabelsAreBounded(t *testing.T) {
	megabyte := strings.Repeat("x", 1<<20)
	crowd := map[string]string{}
	for i := range 10_000 {
		crowd[fmt.Sprintf("SERVICE_L%05d", i)] = "v"
	}
	manyPorts := webContainer()
	for i := range 5000 {
		manyPorts.Exposed = append(manyPorts.Exposed, fmt.Sprintf("%d/tcp", 10000+i))
		manyPorts.Ports[fmt.Sprintf("%d/tcp", 10000+i)] = []Binding{{"", fmt.Sprint(20000 + i)}}
	}
	for name, c := range map[string]Container{
		"CR, LF and NUL":     webContainer(env("SERVICE_NAME=a\r\nb", "SERVICE_ID=\x00", "SERVICE_TAGS=a\nb,\x1b[31m", "SERVICE_CHECK_HTTP=/\r\nX: y", "SERVICE_M=\r\n")),
		"a megabyte":         webContainer(env("SERVICE_NAME="+megabyte, "SERVICE_TAGS="+megabyte, "SERVICE_ID="+megabyte, "SERVICE_M="+megabyte, "SERVICE_"+megabyte+"=1")),
		"10,000 labels":      webContainer(func(c *Container) { c.Labels = crowd }),
		"10,000 tags":        webContainer(env("SERVICE_TAGS=" + strings.Repeat("a,", 10_000))),
		"invalid UTF-8":      webContainer(env("SERVICE_NAME=\xff", "SERVICE_ID=\xc3\x28", "SERVICE_TAGS=\xff,ok", "SERVICE_M=\xff", "SERVICE_\xff=1")),
		"5,000 ports":        manyPorts,
		"bad ports":          webContainer(published("-1/tcp>80", "65536/tcp>80", "80>65536", "81>-1", "82>8\n2")),
		"bad name and label": webContainer(func(c *Container) { c.Name, c.Image = "/a\nb", "x\r\ny" }),
		"image that is bad":  webContainer(image("x\r\ny")),
		"output of the probe": webContainer(func(c *Container) {
			c.HasHealthcheck, c.State.Health = true, Health{"unhealthy", "\r\n\xff" + megabyte}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			got, complaints := Desired(c, nil, options(CompatNone, scripts))
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			for _, r := range got {
				wantFit(t, r)
			}
			if len(got) > maxServices {
				t.Errorf("%d registrations", len(got))
			}
			wantFitComplaints(t, complaints)
			if len(complaints) == 0 && name != "output of the probe" && name != "image that is bad" {
				t.Error("nobody is told")
			}
		})
	}
}

func FuzzDesired(f *testing.F) {
	f.Add("SERVICE_NAME=x\nSERVICE_TAGS=a,b", "SERVICE_80_CHECK_HTTP", "/h", "80/tcp", "0.0.0.0", "8080", "default", "{{ .ID }}")
	f.Add("SERVICE_1-9_TCP_NAME=x", "SERVICE_IP", "::1", "53/udp", "::", "1", "container:x", "a,b")
	f.Add("SERVICE_CHECK_SCRIPT=a 'b' c\nSERVICE_PORT=1", "SERVICE_CHECK_HEADER", `{"a":["b"]}`, "0/tcp", "x", "99999", "none", "")
	f.Add("SERVICE__=\nSERVICE_80_=\nSERVICE_80=", "SERVICE_WEIGHT", "99", "80", "", "", "host", "{{ sIndex -1 .Config.Env }}")
	f.Fuzz(func(t *testing.T, lines, key, value, port, hostIP, hostPort, mode, tags string) {
		if strings.Contains(tags, "range") {
			return // a template is the operator's own and may loop as long as it likes
		}
		c := webContainer(env(strings.Split(lines, "\n")...), label(key, value), bindings(Binding{hostIP, hostPort}), image(value))
		c.Exposed, c.NetworkMode = append(c.Exposed, port), mode
		c.Networks[key] = Network{IPAddress: value, IPv6: hostIP}
		if mode == key {
			c.Ports[port] = nil
		}
		peer := webContainer(on("host", ""))
		c.Labels["ask."+key], c.Labels["ask.need"], c.Labels["ask.network"] = value, hostPort, key
		o := options(CompatNone, tagged(tags), scripts, carrying, func(o *Options) {
			o.IPFromLabel, o.Internal = key, len(value)%2 == 0
			o.Fetch = func(string) ([]byte, error) { return nil, errors.New("no network in a fuzz test") }
		})
		got, complaints := Desired(c, &peer, o)
		again, _ := Desired(c, &peer, o)
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("two answers: %+v and %+v", got, again)
		}
		for _, r := range got {
			wantFit(t, r)
		}
		wantFitComplaints(t, complaints)
		for _, compat := range []Compat{CompatHEAD, CompatV7} {
			o.Compat = compat
			_, complaints = Desired(c, nil, o)
			wantFitComplaints(t, complaints)
		}
	})
}

// FuzzVariable: whatever the key, it is taken apart without a loss, and speaks about the ports that it names.
func FuzzVariable(f *testing.F) {
	for _, s := range []string{"SERVICE_NAME", "SERVICE_80_NAME", "SERVICE_080_NAME", "SERVICE_1-2_UDP_X", "SERVICE_", "SERVICE_80_", "SERVICE_-1_X", "SERVICE_80_TCP_", "X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		plain, isPlain := readVariable(source, "v", false)
		v, ok := readVariable(source, "v", true)
		if ok != isPlain || ok != strings.HasPrefix(source, "SERVICE_") {
			t.Fatalf("%q: %v, %v", source, ok, isPlain)
		}
		if !ok {
			return
		}
		if !strings.HasSuffix(strings.ToLower(source), v.key) || len(v.key) > len(plain.key) {
			t.Fatalf("%q: key %q, plain %q", source, v.key, plain.key)
		}
		if v.rank == rankGeneral && !v.applies("80", "tcp") || v.proto != "" && v.applies(v.port, "other") {
			t.Fatalf("%q: %+v", source, v)
		}
	})
}

// FuzzTags compares the splitting with a plain description of it: "\," is a comma, other commas separate.
func FuzzTags(f *testing.F) {
	for _, s := range []string{"", "foobar", "foo,bar", `foo\,bar`, `foo,bar\,baz`, `\,foobar\,`, ",,,,foo,,,bar,,,", ",,,,", `,,\,,`, `\\,`, `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const mark = "\x00"
		if strings.Contains(s, mark) {
			return
		}
		var want []string
		for _, part := range strings.Split(strings.ReplaceAll(s, `\,`, mark), ",") {
			if part != "" {
				want = append(want, strings.ReplaceAll(part, mark, ","))
			}
		}
		if got := splitTags(s); !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", s, got, want)
		}
		slices.Reverse(want)
		if got := splitTagsReversed(s); !slices.Equal(got, want) {
			t.Fatalf("%q reversed: %q, want %q", s, got, want)
		}
	})
}

func TestTagEscapes(t *testing.T) {
	for s, want := range map[string][]string{
		"": nil, "foobar": {"foobar"}, "foo,bar": {"foo", "bar"}, `foo\,bar`: {"foo,bar"}, `foo,bar\,baz`: {"foo", "bar,baz"},
		`\,foobar\,`: {",foobar,"}, ",,,,foo,,,bar,,,": {"foo", "bar"}, ",,,,": nil, `,,\,,`: {","},
	} {
		if got := splitTags(s); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestTemplateFunctions(t *testing.T) {
	c := webContainer(env("A=1", "SERVICE_X=2", "SERVICE_Y=3"), label("k", "v/w"))
	c.NetworkMode = "shop"
	fetch := func(url string) ([]byte, error) {
		if url != "http://x/" {
			return nil, errors.New("refused")
		}
		return []byte(`{"a":{"b":"c"}}`), nil
	}
	for text, want := range map[string]string{
		`{{ strSlice .ID 0 4 }}|{{ strSlice .ID 60 }}|{{ strSlice "abc" 2 1 }}|{{ strSlice "abc" 9 }}`:                                "01ca|feab|c|abc",
		`{{ sIndex 0 .Config.Env }}|{{ sIndex -1 .Config.Env }}|{{ sIndex 9 .Config.Env }}|{{ sIndex -9 .Config.Env }}`:               "A=1|SERVICE_Y=3|SERVICE_Y=3|A=1",
		`{{ mIndex "k" .Config.Labels }}|{{ toUpper "a" }}|{{ toLower "A" }}|{{ replace -1 "=" "" "=a=" }}`:                           "v/w|A|a|a",
		`{{ join ";" .Config.Env }}|{{ index (split "/" "a/b") 1 }}|{{ splitIndex -1 "/" "a/b" }}`:                                    "A=1;SERVICE_X=2;SERVICE_Y=3|b|b",
		`{{ matchFirstElement "^SERVICE_" .Config.Env }}|{{ matchAllElements "^SERVICE_" .Config.Env | join "+" }}`:                   "SERVICE_X=2|SERVICE_X=2+SERVICE_Y=3",
		`{{ jsonParse (httpGet "http://x/") "a::b" }}|{{ jsonParse (httpGet "http://y/") "a::b" }}`:                                   "c|",
		`{{ .Name }}|{{ .HostConfig.NetworkMode }}|{{ .NetworkSettings.IPAddress }}|{{ .State.Running }}|{{ .Config.Image }}`:         "/web1|shop|172.17.0.5|true|acme/web:1.4",
		`{{ (index .NetworkSettings.Networks "bridge").IPAddress }}|{{ (index (index .NetworkSettings.Ports "80/tcp") 0).HostPort }}`: "172.17.0.5|8080",
		`no action, {{/* a comment */}}kept`: "no action, kept",
	} {
		if got, err := renderTags(text, c, fetch); err != nil || got != want {
			t.Errorf("%s\n got %q, %v\nwant %q", text, got, err, want)
		}
	}
	if _, err := renderTags(`{{ range .Config.Env }}{{ printf "%100000d" 1 }}{{ end }}`, c, fetch); !errors.Is(err, errTooLong) {
		t.Errorf("an endless tag list gave %v", err)
	}
	if CheckTags("{{ .ID }}") != nil || CheckTags("{{ nope }}") == nil {
		t.Error("CheckTags is wrong about what parses")
	}
}

func TestComplaintIsOneBoundedLine(t *testing.T) {
	c := Complaint{Container: "01cafe\n01cafe\x00", Name: strings.Repeat("é", 500), Variable: "SERVICE_\x1b[31m", Problem: "is wrong", Done: "left out"}
	wantFitComplaints(t, []Complaint{c})
	if !strings.Contains(c.String(), "left out") {
		t.Error(c.String())
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}
