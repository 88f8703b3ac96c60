package filter

import (
	"strings"
	"testing"

	"github.com/pointsman/pointsman/proxy/dialect"
)

func TestLocation(t *testing.T) {
	for _, c := range []struct{ options, path, value, want string }{
		{"", "/a", "http://10.0.0.1:80/x?y#z", "https://shop.test/x?y#z"}, {"", "/a", "http://10.0.0.1/x", "https://shop.test/x"},
		{"", "/a", "HTTP://10.0.0.1:80", "https://shop.test"}, {"", "/a", "http://10.0.0.1:81/x", "http://10.0.0.1:81/x"},
		{"", "/a", "http://10.0.0.1:80//evil.test", "https://shop.test//evil.test"}, {"", "/a", `http://10.0.0.1:80\evil.test`, `https://shop.test\evil.test`},
		{"", "/a", "http://shop.test/x", "http://shop.test/x"}, {"", "/a", "http://shop.test", "http://shop.test"}, {"", "/a", "//x", "//x"},
		{"", "/a", "/x", "/x"}, {"", "/a", "x", "x"}, {"", "/a", "", ""}, {"", "/a", "https://other.test/x", "https://other.test/x"},
		{"", "/a", "http://10.0.0.1:80@evil.test/", "http://10.0.0.1:80@evil.test/"},

		{"/app|", "/app/a", "/login", "/app/login"}, {"/app|", "/app/a", "/app/login", "/app/login"}, {"/app|", "/app/a", "/application", "/app/application"},
		{"/app/|", "/app/a", "/login?x", "/app/login?x"}, {"/app|", "/app", "http://shop.test/", "http://shop.test/app/"}, {"/app|", "/app", "http://10.0.0.1", "https://shop.test/app/"},
		{"/app|", "/other", "/login", "/login"}, {"/app|", "/app/a", "//evil.test", "//evil.test"}, {"/app|", "/app/a", "../x", "../x"}, {"/app|", "/app/a", "?x", "?x"},

		{"|/v1", "/a", "/v1/x", "/x"}, {"|/v1", "/a", "/v1", "/"}, {"|/v1", "/a", "/v1?x", "/?x"}, {"|/v1", "/a", "/v10/x", "/v10/x"}, {"|/v1", "/a", "/x", "/x"},
		{"|/v1", "/a", "/v1//evil.test", "/evil.test"}, {"|/v1", "/a", `/v1/\evil.test`, "/evil.test"}, {"|/v1", "/a", "http://10.0.0.1/v1/x", "https://shop.test/x"},
		{"/app|/v1", "/app/a", "/v1/x", "/app/x"}, {"/app|/v1", "/app/a", "/v1/app/x", "/app/app/x"}, {"/app|/v1", "/app/a", "/v1", "/app/"},
	} {
		strip, prepend, _ := strings.Cut(c.options, "|")
		v := &View{Instance: [2]string{"10.0.0.1:80", "shop.test"}, Scheme: "https", Host: "shop.test", Path: c.path, Options: &dialect.Options{Strip: strip, Prepend: prepend}}
		if got := Location(c.value, v); got != c.want {
			t.Errorf("%q %s: %q becomes %q, want %q", c.options, c.path, c.value, got, c.want)
		}
	}
}

// A path of an instance never becomes the name of another host.
func FuzzLocation(f *testing.F) {
	f.Add("/v1//evil.test", "/app", "/v1")
	f.Add(`http://10.0.0.1:80/\evil`, "/app/", "")
	f.Fuzz(func(t *testing.T, value, strip, prepend string) {
		v := &View{Instance: [2]string{"10.0.0.1:80", ""}, Scheme: "http", Host: "shop.test", Path: strip + "/x", Options: &dialect.Options{Strip: strip, Prepend: prepend}}
		got := Location(value, v)
		if !strings.HasPrefix(strip, "/") && strip != "" || got == value {
			return
		}
		if strings.HasPrefix(got, "//") && !strings.HasPrefix(strip, "//") || strings.HasPrefix(got, `/\`) && !strings.HasPrefix(strip, `/\`) {
			t.Errorf("%q becomes %q", value, got)
		}
	})
}

func TestLocationThatStaysCostsNoAllocation(t *testing.T) {
	v := &View{Instance: [2]string{"10.0.0.1:80", "shop.test"}, Scheme: "http", Host: "shop.test", Path: "/a", Options: &dialect.Options{}}
	if n := testing.AllocsPerRun(100, func() { Location("/x", v); Location("http://shop.test/a", v); Location("https://other.test/", v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
