package dialect_test

import (
	"fmt"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/fabio"
	"github.com/pointsman/pointsman/proxy/dialect/native"
)

// All tags of one instance are read at once. What is good becomes a Rule; what became of the others is a Verdict each. Tags that are no
// language's are passed over.
func ExampleLanguages() {
	languages := dialect.Languages{native.Language(), fabio.Options{}.Language()}
	result := languages.Parse([]string{
		"blue",
		"pointsman.route=shop.example/cart strip=/cart",
		"urlprefix-*.example.com/ proto=https",
		"urlprefix-shop.example/admin allow=ip:10.0.0.0/33",
	}, dialect.Env{})

	for _, rule := range result.Rules {
		fmt.Printf("%s: host %s, path %s, TLS %t, closed %t\n",
			rule.Language, rule.Match.Host.Text, rule.Match.Path.Text, rule.Options.TLS, rule.Policy.Closed)
	}
	for _, verdict := range result.Verdicts {
		fmt.Println(verdict.Reason)
	}
	// Output:
	// native: host shop.example, path /cart, TLS false, closed false
	// fabio: host *.example.com, path /, TLS true, closed false
	// fabio: host shop.example, path /admin, TLS false, closed true
	// "ip:10.0.0.0/33" is not ip:<address> or ip:<network>; the route is refused
}

// A redirect knows what of the request goes into its location. What a client sent never decides which host that names.
func ExampleRedirect_Location() {
	redirect := dialect.Redirect{Code: 301, URL: "https://shop.example$path"}
	fmt.Println(redirect.Location("shop.example", "/cart", "id=7", ""))
	// Output:
	// https://shop.example/cart?id=7
}

// The path that goes to the instance: strip removes from its front, prepend adds to it.
func ExampleOptions_AppendPath() {
	options := dialect.Options{Strip: "/shop", Prepend: "/v2"}
	fmt.Println(string(options.AppendPath(nil, "/shop/cart")))
	// Output:
	// /v2/cart
}
