package traefik1

import "maps"

func init() { // its functions use the table
	properties = map[string]property{}
	for _, part := range []map[string]property{ownProperties(), accessProperties(), instanceProperties(), fieldProperties()} {
		maps.Copy(properties, part)
	}
}

// ownProperties are about what a frontend is, and where it leads.
func ownProperties() map[string]property {
	return map[string]property{
		"port": {}, "backend": {}, "backend.id": {}, "frontend.backend": {}, keyRule: {}, "frontend.priority": {},
		"domain":                  {read: domain},
		"portindex":               {read: refused("the port that it means can't be told: write " + prefix + "port=PORT")},
		"portname":                {read: refused("the port that it means can't be told: write " + prefix + "port=PORT")},
		"protocol":                {read: protocol},
		"weight":                  {read: weight},
		"frontend.entrypoints":    {restricts: true, read: listeners},
		"frontend.passhostheader": {read: passHost},
	}
}

// accessProperties are about whom a frontend lets in, and what answers in its place.
func accessProperties() map[string]property {
	return map[string]property{
		"frontend.auth.basic":                       {restricts: true, read: basicAuth},
		"frontend.auth.basic.users":                 {restricts: true, read: basicAuth},
		"frontend.auth.basic.usersfile":             {restricts: true, read: refused("a label may name no file of the proxy's: the operator may, with auth=file: in the routes file")},
		"frontend.auth.basic.realm":                 {restricts: true, read: besideUsers},
		"frontend.auth.basic.removeheader":          {restricts: true, read: besideUsers},
		"frontend.auth.removeheader":                {restricts: true, read: besideUsers},
		"frontend.auth.headerfield":                 {restricts: true, read: besideAuth, ignored: "no field with the user's name is sent to the container", told: true},
		"frontend.auth.digest.*":                    {restricts: true, read: refused("digest authentication is not supported: write " + prefix + "frontend.auth.basic")},
		"frontend.auth.digest":                      {restricts: true, read: refused("digest authentication is not supported: write " + prefix + "frontend.auth.basic")},
		"frontend.auth.forward.address":             {restricts: true, read: forwardAuth},
		"frontend.auth.forward.authresponseheaders": {restricts: true, read: needs("frontend.auth.forward.address")},
		"frontend.auth.forward.trustforwardheader":  {restricts: true, read: needs("frontend.auth.forward.address"), ignored: "whose forwarding fields are trusted is said by -trusted-proxies"},
		"frontend.auth.forward.tls.*":               {restricts: true, read: refused("the certificates of an authentication server are not asked for in labels")},
		"frontend.whitelist.sourcerange":            {restricts: true, read: allow},
		"frontend.whitelistsourcerange":             {restricts: true, read: allow},
		"frontend.whitelist.usexforwardedfor":       {restricts: true, read: onlyFalse("whose X-Forwarded-For is trusted is said by -trusted-proxies: take the label away")},
		"frontend.whitelist.ipstrategy":             {restricts: true, read: onlyFalse("whose X-Forwarded-For is trusted is said by -trusted-proxies: take the label away")},
		"frontend.whitelist.ipstrategy.*":           {restricts: true, read: refused("whose X-Forwarded-For is trusted is said by -trusted-proxies: take the label away")},
		"frontend.redirect":                         {restricts: true, read: redirectTo},
		"frontend.redirect.entrypoint":              {restricts: true, read: redirectTo},
		"frontend.redirect.regex":                   {restricts: true, read: redirectRegexp},
		"frontend.redirect.replacement":             {restricts: true, read: needs("frontend.redirect.regex")},
		"frontend.redirect.permanent":               {},
		"frontend.ratelimit.extractorfunc":          {restricts: true, read: rateLimit},
		"frontend.ratelimit.rateset.*":              {restricts: true, read: needs("frontend.ratelimit.extractorfunc")},
		"frontend.passtlscert":                      {ignored: "no certificate of a client is sent to the container", told: true},
		"frontend.passtlsclientcert.*":              {ignored: "no certificate of a client is sent to the container", told: true},
		"frontend.passsslclientcert.*":              {ignored: "no certificate of a client is sent to the container", told: true},
		"frontend.errors.*":                         {ignored: notInEffect, told: true},
	}
}

// instanceProperties are about how instances are chosen and asked.
func instanceProperties() map[string]property {
	return map[string]property{
		"backend.healthcheck.path":                   {read: healthCheck},
		"backend.healthcheck.interval":               {},
		"backend.healthcheck.timeout":                {},
		"backend.healthcheck.*":                      {ignored: notInEffect, told: true},
		"backend.loadbalancer":                       {read: method},
		"backend.loadbalancer.method":                {read: method},
		"backend.loadbalancer.sticky":                {read: sticky},
		"backend.loadbalancer.stickiness":            {read: sticky},
		"backend.loadbalancer.stickiness.cookiename": {},
		"backend.loadbalancer.stickiness.*":          {ignored: notInEffect},
		"backend.loadbalancer.swarm":                 {ignored: "requests go to the containers themselves"},
		"backend.circuitbreaker":                     {ignored: notInEffect, told: true},
		"backend.circuitbreaker.*":                   {ignored: notInEffect, told: true},
		"backend.maxconn.amount":                     {restricts: true, read: maxConns},
		"backend.maxconn.extractorfunc":              {restricts: true, read: needs("backend.maxconn.amount")},
		"backend.buffering.maxrequestbodybytes":      {restricts: true, read: maxBody},
		"backend.buffering.*":                        {ignored: notInEffect},
		"backend.responseforwarding.*":               {ignored: notInEffect},
	}
}

// fieldProperties are about header fields.
func fieldProperties() map[string]property {
	return map[string]property{
		"frontend.headers.customrequestheaders":    {read: fields("request-header")},
		"frontend.headers.customresponseheaders":   {read: fields("response-header")},
		"frontend.headers.allowedhosts":            {restricts: true, read: refused("hosts are allowed by the rule: write them there")},
		"frontend.headers.hostsproxyheaders":       {restricts: true, read: refused("no field but Host names the host")},
		"frontend.headers.sslredirect":             {restricts: true, read: sslRedirect},
		"frontend.headers.ssltemporaryredirect":    {},
		"frontend.headers.sslhost":                 {restricts: true, read: refused("a redirect to HTTPS keeps the host")},
		"frontend.headers.sslforcehost":            {restricts: true, read: onlyFalse("a redirect to HTTPS keeps the host")},
		"frontend.headers.sslproxyheaders":         {ignored: "whose forwarding fields are trusted is said by -trusted-proxies"},
		"frontend.headers.stsseconds":              {read: strictTransport},
		"frontend.headers.stsincludesubdomains":    {},
		"frontend.headers.stspreload":              {},
		"frontend.headers.forcestsheader":          {ignored: notInEffect},
		"frontend.headers.publickey":               {ignored: "no browser reads Public-Key-Pins any more"},
		"frontend.headers.isdevelopment":           {ignored: notInEffect},
		"frontend.headers.framedeny":               {read: securityField("framedeny")},
		"frontend.headers.customframeoptionsvalue": {read: securityField("customframeoptionsvalue")},
		"frontend.headers.contenttypenosniff":      {read: securityField("contenttypenosniff")},
		"frontend.headers.browserxssfilter":        {read: securityField("browserxssfilter")},
		"frontend.headers.custombrowserxssvalue":   {read: securityField("custombrowserxssvalue")},
		"frontend.headers.contentsecuritypolicy":   {read: securityField("contentsecuritypolicy")},
		"frontend.headers.referrerpolicy":          {read: securityField("referrerpolicy")},
	}
}
