package registrator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// asking is a language of labels that begin with ask. The registrator reads none of them itself.
var asking = LabelLanguage{
	Name:  "asking",
	Wants: func(label string) bool { return strings.HasPrefix(label, "ask.") },
	Needs: func(labels map[string]string, _ []int) (n Needs) {
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			value := labels[key]
			switch {
			case strings.HasPrefix(key, "ask.route"):
				n.OnePort = append(n.OnePort, key)
			case key == "ask.port":
				n.Port, _ = strconv.Atoi(value)
				n.Ports, n.Spent = append(n.Ports, n.Port), append(n.Spent, key)
			case key == "ask.need":
				number, err := strconv.Atoi(value)
				if err != nil {
					n.Problems = append(n.Problems, LabelProblem{key, "is no number", "nothing is needed"})
				}
				n.Ports = append(n.Ports, number)
			case key == "ask.network":
				n.Network, n.Spent = value, append(n.Spent, key)
			case key == "ask.bad":
				n.Bad = &LabelProblem{key, "is bad", "nothing is needed"}
			case key == "ask.probe":
				n.Probe = &Probe{Key: key, Path: value, Timeout: 3 * time.Second}
			case key == "ask.probe-port":
				n.Probe = &Probe{Key: key}
				n.Probe.Port, _ = strconv.Atoi(value)
			}
		}
		return n
	},
}

// carrying turns the language on.
func carrying(o *Options) {
	o.Labels = Labels{Carried: []LabelLanguage{asking}, TooLong: "(long)", Unfit: "(unfit)", TooMany: "ask.none=(many)", Twice: "ask.none=(twice)",
		Withhold: func(_, value string) (string, bool) {
			return strings.ReplaceAll(value, "hunter2", "(secret)"), strings.Contains(value, "hunter2")
		}}
}

// shownRegistrations are "address:port tags", in order.
func shownRegistrations(list []Registration) (out []string) {
	for _, r := range list {
		out = append(out, checker{at: addrPort{r.Address, r.Port}}.hostPort()+" "+strings.Join(r.Tags, " "))
	}
	return out
}

// Labels become tags of the ports that they are about, and have ports registered that nothing publishes, at the container's own address.
func TestLabels(t *testing.T) {
	const inside, other = "172.17.0.5", "192.168.1.102"
	for name, c := range map[string]struct {
		c         Container
		flags     []flags
		want      []string
		complaint []string
	}{
		"behind other tags, in the order of keys, commas and all": {webContainer(env("SERVICE_TAGS=z,y"), label("ask.b", "1,2"), label("ask.a", "x y"), label("other.a", "1")),
			[]flags{tagged("common")}, []string{other + ":8080 z y common ask.a=x y ask.b=1,2"}, nil},
		"a route is of the lowest port, an option of all": {webContainer(twoPorts, label("ask.route", "r"), label("ask.opt", "o")),
			nil, []string{other + ":8000 ask.opt=o ask.route=r", other + ":4443 ask.opt=o"}, nil},
		"a route is of the port that is named": {webContainer(twoPorts, label("ask.route", "r"), label("ask.opt", "o"), label("ask.port", "443")),
			nil, []string{other + ":8000 ask.opt=o", other + ":4443 ask.opt=o ask.route=r"}, nil},
		"an ignored port is not the lowest": {webContainer(twoPorts, env("SERVICE_80_IGNORE=1"), label("ask.route", "r")),
			nil, []string{other + ":4443 ask.route=r"}, nil},
		"UDP has no routes": {webContainer(published("53/udp>5300", "80>8000"), label("ask.route", "r"), label("ask.opt", "o")),
			nil, []string{other + ":5300 udp", other + ":8000 ask.opt=o ask.route=r"}, nil},
		"a named port that nothing exposes": {webContainer(noPorts, label("ask.need", "9000"), func(c *Container) { c.Exposed = nil }),
			nil, []string{inside + ":9000 ask.need=9000"}, nil},
		"a named port that is exposed and not published": {webContainer(published("80"), label("ask.need", "80")), nil, []string{inside + ":80 ask.need=80"}, nil},
		"a named port that is published":                 {webContainer(label("ask.need", "80")), nil, []string{other + ":8080 ask.need=80"}, nil},
		"a named port beside a published one":            {webContainer(label("ask.need", "9000")), nil, []string{other + ":8080 ask.need=9000", inside + ":9000 ask.need=9000"}, nil},
		"a named port, internal":                         {webContainer(label("ask.need", "9000")), []flags{internal}, []string{inside + ":80 ask.need=9000", inside + ":9000 ask.need=9000"}, nil},
		"a named port of a network of its own": {webContainer(published("80"), on("front", "172.20.0.2"), label("ask.need", "9000")),
			nil, []string{"172.20.0.2:9000 ask.need=9000"}, nil},
		"no port of any use": {webContainer(label("ask.need", "70000"), label("ask.a", "1")), nil, []string{other + ":8080 ask.a=1 ask.need=70000"}, nil},
		"no number":          {webContainer(label("ask.need", "x")), nil, []string{other + ":8080 ask.need=x"}, []string{"ask.need", "is no number", "nothing is needed"}},
		"a route where nothing is published: the lowest that is exposed": {webContainer(published("443", "80"), label("ask.route", "r")), nil, []string{inside + ":80 ask.route=r"}, nil},
		"a route where only UDP is published":                            {webContainer(published("53/udp>5300", "443", "80"), label("ask.route", "r")), nil, []string{other + ":5300 udp", inside + ":80 ask.route=r"}, nil},
		"an option publishes nothing":                                    {webContainer(published("80"), label("ask.opt", "o")), nil, nil, []string{"ask.opt", "no port"}},
		"a route of a container without ports":                           {webContainer(noPorts, func(c *Container) { c.Exposed = nil }, label("ask.route", "r")), nil, nil, []string{"ask.route", "no port"}},
		"two of one name":                                                {webContainer(twoPorts, label("ask.route", "r"), label("ask.route ", "s")), nil, []string{other + ":8000 ask.none=(twice)", other + ":4443 ask.none=(twice)"}, []string{"ask.route", "several labels", "closed"}},
		"two of one name and value":                                      {webContainer(label("ask.a", "1"), label("ask.a !", "2"), label("ask.a\t", "1")), nil, []string{other + ":8080 ask.a !=2 ask.a=1"}, nil},
		"no network":                                                     {webContainer(on("none", ""), label("ask.need", "80")), nil, nil, nil},
		"the network that is named":                                      {webContainer(twoNetworks, label("ask.network", "back"), label("ask.need", "9000")), nil, []string{"172.21.0.2:9000 ask.need=9000"}, nil},
		"SERVICE_NETWORK before a label":                                 {webContainer(twoNetworks, env("SERVICE_NETWORK=front"), label("ask.network", "back"), label("ask.need", "9000")), nil, []string{"172.20.0.2:9000 ask.need=9000"}, nil},
		"a network that it is not on":                                    {webContainer(twoNetworks, label("ask.network", "consul"), label("ask.need", "9000")), nil, []string{"172.20.0.2:9000 ask.need=9000"}, []string{"not on network"}},
		"-explicit wants a name":                                         {webContainer(label("ask.route", "r")), []flags{explicit}, nil, []string{"ask.route", "-explicit", "no effect"}},
		"-explicit with a name":                                          {webContainer(env("SERVICE_NAME=web"), label("ask.route", "r")), []flags{explicit}, []string{other + ":8080 ask.route=r"}, nil},
		"SERVICE_IGNORE":                                                 {webContainer(env("SERVICE_IGNORE=1"), label("ask.route", "r")), nil, nil, []string{"ask.route", "no effect"}},
		"the named port is ignored":                                      {webContainer(twoPorts, env("SERVICE_443_IGNORE=1"), label("ask.route", "r"), label("ask.port", "443")), nil, []string{other + ":8000 "}, []string{"ask.route", "port 443"}},
		"a secret":                                                       {webContainer(label("ask.a", "auth hunter2")), nil, []string{other + ":8080 ask.a=auth (secret)"}, []string{"ask.a", "secret", "-labels-secrets"}},
		"a value in the key":                                             {webContainer(label("ask.a=hunter2", "x")), nil, []string{other + ":8080 ask.a=(secret)=x"}, []string{"ask.a", "secret"}},
		"control characters":                                             {webContainer(label("ask.a", "x\r\nask.b: y"), label("ask.\nc", "1")), nil, []string{other + ":8080 ask. c=1 ask.a=x (unfit)"}, []string{"ask.a", "control"}},
		"a label of 1 MB":                                                {webContainer(label("ask.a", strings.Repeat("x", 1<<20)), label("ask.b", "1")), nil, []string{other + ":8080 ask.a=(long) ask.b=1"}, []string{"ask.a", "longer than 4096"}},
		"a long line keeps its front":                                    {webContainer(label("ask.a", "shop/admin x=1 allow="+strings.Repeat("x", 1<<20))), nil, []string{"192.168.1.102:8080 ask.a=shop/admin x=1 (long)"}, []string{"ask.a"}},
		"two lines":                                                      {webContainer(label("ask.a", "shop/admin\nallow=x")), nil, []string{"192.168.1.102:8080 ask.a=shop/admin (unfit)"}, []string{"ask.a"}},
		"half a line":                                                    {webContainer(label("ask.a", "shop/admin all\xffow=x")), nil, []string{"192.168.1.102:8080 ask.a=shop/admin (unfit)"}, []string{"UTF-8"}},
		"a key of 1 MB":                                                  {webContainer(label("ask."+strings.Repeat("x", 1<<20), "1")), nil, []string{other + ":8080 ask.none=(many)"}, []string{"more than"}},
		"10,000 labels":                                                  {webContainer(env("SERVICE_TAGS=z"), crowdOf("ask.", 10_000)), nil, []string{other + ":8080 z ask.none=(many)"}, []string{"more than 256"}},
		"10,000 labels of others":                                        {webContainer(crowdOf("other.", 10_000), label("ask.a", "1")), nil, []string{other + ":8080 ask.a=1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, complaints := own(c.c, nil, append(c.flags, carrying)...)
			if shown := shownRegistrations(got); !slices.Equal(shown, c.want) {
				t.Errorf("got  %q\nwant %q", shown, c.want)
			}
			wantComplaint(t, complaints, c.complaint...)
			if c.complaint == nil && complaints != "" {
				t.Errorf("complaints: %s", complaints)
			}
			if strings.Contains(complaints+fmt.Sprint(got), "hunter2") {
				t.Errorf("a secret: %s %v", complaints, got)
			}
			for _, r := range got {
				wantFit(t, r)
			}
		})
	}
}

func twoNetworks(c *Container) {
	c.Exposed, c.Ports, c.NetworkMode, c.IPAddress = nil, nil, "front", ""
	c.Networks = map[string]Network{"front": {IPAddress: "172.20.0.2"}, "back": {IPAddress: "172.21.0.2"}}
}

func crowdOf(prefix string, n int) func(*Container) {
	return func(c *Container) {
		for i := range n {
			c.Labels[fmt.Sprintf("%s%05d", prefix, i)] = "v"
		}
	}
}

// Nothing that a label says stands in Meta, and none is carried unasked, nor with -compat.
func TestLabelsForgeNothing(t *testing.T) {
	c := webContainer(label("pointsman", "1 x other"), label("pointsman-container", "beef"), label("pointsman-port", "8500"), label("ask.a", "1"), label("SERVICE_pointsman-port", "8500"))
	for mode, set := range map[Compat][]flags{CompatNone: nil, CompatHEAD: {carrying}, CompatV7: {carrying}} {
		got, _ := Desired(c, nil, options(mode, set...))
		if len(got) != 1 || got[0].Tags != nil || mode == CompatNone && got[0].Meta["pointsman-port"] != "80" || got[0].Meta["pointsman"] != "" {
			t.Errorf("%v: %+v", mode, got)
		}
	}
}

// The check that a label asks for goes to the container's own registered address, and SERVICE_CHECK_* goes before it.
func TestLabelsAskForACheck(t *testing.T) {
	for name, c := range map[string]struct {
		c     Container
		flags []flags
		want  Check
	}{
		"over HTTP":                   {webContainer(label("ask.probe", "@169.254.169.254/up?x=1")), nil, Check{HTTP: "http://192.168.1.102:8080/@169.254.169.254/up?x=1", NoRedirects: true, Interval: "10s", Timeout: "3s"}},
		"another port, internal":      {webContainer(label("ask.probe-port", "9000")), []flags{internal}, Check{TCP: "172.17.0.5:9000", Interval: "10s"}},
		"another port, published":     {webContainer(published("80>8000", "81>8001"), env("SERVICE_81_IGNORE=1"), label("ask.probe-port", "81")), nil, Check{TCP: "192.168.1.102:8001", Interval: "10s"}},
		"another port, not published": {webContainer(label("ask.probe-port", "8500")), nil, Check{TCP: "192.168.1.102:8080", Interval: "10s"}},
		"beside a variable":           {webContainer(env("SERVICE_CHECK_TCP=1"), label("ask.probe", "/up")), nil, Check{TCP: "192.168.1.102:8080", Interval: "10s"}},
	} {
		got, _ := own(c.c, nil, append(c.flags, carrying)...)
		if len(got) != 1 || len(got[0].Checks) != 1 || fmt.Sprint(got[0].Checks[0]) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A container made anew with another label is registered anew.
func TestLabelChangedByRecreation(t *testing.T) {
	first, _ := own(webContainer(label("ask.a", "1")), nil, carrying)
	c := webContainer(label("ask.a", "2"), func(c *Container) { c.ID = strings.Repeat("02", 32) })
	second, _ := own(c, nil, carrying)
	held := map[string]Held{first[0].ID: {Registration: first[0], Digest: Digest(first[0].Checks)}}
	steps := Plan(Claims(c, second), held, Scope{Host: "dockerhost"})
	if len(steps.Register) != 1 || !slices.Equal(steps.Register[0].Tags, []string{"ask.a=2"}) || len(steps.Deregister) != 0 {
		t.Errorf("%+v", steps)
	}
}
