package nginx

import "github.com/pointsman/pointsman/proxy/dialect/convert"

// policy is what a group of directives, which are inherited together, does to a route.
type policy struct {
	names []string
	apply func(a *at, r *convert.Route, s *scope, list []*directive)
}

// policies are all of them. Those that restrict come first, so that what they close is closed for all others.
var policies = []policy{
	{[]string{"satisfy"}, (*at).satisfy},
	{[]string{"allow", "deny"}, (*at).access},
	{[]string{"auth_basic"}, (*at).authBasic},
	{[]string{"auth_request"}, (*at).authRequest},
	{[]string{"ssl_verify_client"}, (*at).verifyClient},
	{[]string{"limit_req"}, (*at).limitRequests},
	{[]string{"limit_conn"}, (*at).limitConnections},
	{[]string{"client_max_body_size"}, (*at).maxBody},
	{[]string{"proxy_set_header"}, (*at).setFields},
	{[]string{"proxy_hide_header"}, (*at).hideFields},
	{[]string{"more_clear_headers"}, (*at).hideFields},
	{[]string{"add_header"}, (*at).addFields},
	{[]string{"more_set_headers"}, (*at).moreFields},
	{[]string{"proxy_redirect"}, (*at).proxyRedirect},
	{[]string{"proxy_connect_timeout"}, (*at).connectTimeout},
	{[]string{"proxy_read_timeout", "proxy_send_timeout"}, (*at).timeouts},
	{[]string{"proxy_next_upstream"}, (*at).nextUpstream},
	{[]string{"proxy_next_upstream_tries"}, (*at).tries},
	{[]string{"error_page"}, (*at).errorPages},
	{[]string{"gzip"}, (*at).gzip},
	{[]string{"access_log"}, (*at).accessLog},
	{[]string{"expires"}, (*at).expires},
	{[]string{"default_type"}, (*at).defaultType},
}

// policyWords are the names of all of them, and of those that they look for.
var policyWords = map[string]bool{}

func init() { // policies refer to the words themselves
	out := policyWords
	for _, p := range policies {
		for _, n := range p.names {
			out[n] = true
		}
	}
	for _, n := range []string{"limit_except", "auth_basic_user_file", "auth_request_set", "proxy_intercept_errors", "gzip_types", "gzip_min_length", "limit_req_zone", "limit_req_status", "limit_conn_zone", "log_format",
		"ssl_client_certificate", "ssl_trusted_certificate", "root", "alias", "index", "try_files", "set", "proxy_ssl_verify", "proxy_ssl_trusted_certificate", "proxy_ssl_server_name", "proxy_ssl_name",
		"proxy_ssl_certificate", "proxy_ssl_certificate_key", "server_name", "listen", "location", "proxy_pass", "upstream", "internal"} {
		out[n] = true
	}
}

func only(r *convert.Route) []*convert.Route { return []*convert.Route{r} }
