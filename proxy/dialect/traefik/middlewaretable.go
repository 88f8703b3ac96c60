package traefik

// middleware is one kind of them. One that is not in the table refuses the routers that use it, and so does an option that none has read and that
// is not among those that are passed over.
type middleware struct {
	// restricts says that it narrows who may use a route.
	restricts bool
	// ignores are options that are not in effect and restrict nothing, with those behind their dots; allOptions are all.
	ignores map[string]passed
	apply   func(c *chain, o *optionsOf) error
}

// allOptions stands for all options of a middleware.
const allOptions = "*"

// passed is an option that is passed over.
type passed struct {
	// why is for people; "" is told already, with the whole middleware.
	why string
	// means is the value that asks for what the proxy does; "" is false.
	means string
	// part says that it changes something that is in effect all the same.
	part bool
}

var middlewares map[string]middleware

func init() { // its functions use the table
	all := map[string]passed{allOptions: {}}
	const own = "it is not in effect: the proxy's own rules hold"
	const trusted = "whose forwarding fields are trusted is said by -trusted-proxies"
	status := map[string]passed{"rejectstatuscode": {why: "who is not let in gets 403", means: "403"}}
	middlewares = map[string]middleware{
		"redirectscheme": {restricts: true, apply: redirectScheme},
		"redirectregex":  {restricts: true, apply: redirectRegex},
		"headers": {apply: headers, ignores: map[string]passed{"isdevelopment": {why: own}, "addvaryheader": {why: "the proxy says itself where an answer goes by the origin", means: "true"},
			"sslproxyheaders": {why: trusted}, "forcestsheader": {why: own}, "sslforcehost": {why: "a redirect to HTTPS keeps the host"}, "ssltemporaryredirect": {why: "it has no effect without sslredirect"},
			"customresponseheaders": {why: "it names no field"}, "customrequestheaders": {why: "it names no field"}}},
		"basicauth": {restricts: true, apply: basicAuth, ignores: map[string]passed{"headerfield": {why: "no field with the user's name is sent to the container"}}},
		"forwardauth": {restricts: true, apply: forwardAuth, ignores: map[string]passed{"trustforwardheader": {why: trusted},
			"preservelocationheader": {why: "a Location of the authentication server reaches the client as the server wrote it", means: "true"},
			"headerfield":            {why: "no field with the user's name is kept for the log"},
			"maxresponsebodysize":    {why: own, means: "-1"}, "maxbodysize": {why: "the authentication server is sent no body", means: "-1"}}},
		"ipallowlist":      {restricts: true, apply: allowList, ignores: status},
		"ipwhitelist":      {restricts: true, apply: allowList, ignores: status},
		"ratelimit":        {restricts: true, apply: rateLimit},
		"buffering":        {restricts: true, apply: buffering, ignores: map[string]passed{"memrequestbodybytes": {why: own}, "memresponsebodybytes": {why: own}, "maxresponsebodybytes": {why: own}, "retryexpression": {why: own}}},
		"stripprefix":      {apply: stripPrefix, ignores: map[string]passed{"forceslash": {why: "a path always begins with a slash", means: "true"}}},
		"stripprefixregex": {apply: stripRegexp},
		"addprefix":        {apply: addPrefix},
		"replacepath":      {apply: replacePath},
		"replacepathregex": {apply: replaceRegexp},
		"compress":         {apply: compress, ignores: map[string]passed{allOptions: {why: "answers are compressed by the proxy's own rules", part: true}}},
		"contenttype":      {apply: passOver, ignores: all},
		"retry":            {apply: passOver, ignores: all},
		"circuitbreaker":   {apply: passOver, ignores: all},
		"errors":           {apply: passOver, ignores: all},
		"grpcweb":          {apply: passOver, ignores: all},
	}
}
