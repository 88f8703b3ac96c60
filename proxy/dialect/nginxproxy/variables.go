package nginxproxy

// The words that make routes.
const (
	keyHost       = "VIRTUAL_HOST"
	keyPort       = "VIRTUAL_PORT"
	keyPath       = "VIRTUAL_PATH"
	keyDest       = "VIRTUAL_DEST"
	keyProto      = "VIRTUAL_PROTO"
	keyMultiports = "VIRTUAL_HOST_MULTIPORTS"

	keyAccess  = "NETWORK_ACCESS"
	keyMethod  = "HTTPS_METHOD"
	keyMissing = "ENABLE_HTTP_ON_MISSING_CERT"
	keyHSTS    = "HSTS"
	keyACME    = "LETSENCRYPT_HOST"

	labelPrefix  = "com.github.nginx-proxy."
	ownLabels    = labelPrefix + "nginx-proxy."
	labelVerify  = ownLabels + "ssl_verify_client"
	labelBalance = ownLabels + "loadbalance"
)

// variable is what is known of an environment variable.
type variable struct {
	// restricts says that it narrows who may use the routes: where it can't be honoured, they are closed.
	restricts bool
	// common says that applications have variables of this name for themselves: without VIRTUAL_HOST it is none of ours.
	common bool
	// secret says that it may hold a credential: it is not published.
	secret bool
	// why says of one that is not in effect why, and advice what to do; quiet that nobody has to.
	why, advice string
	quiet       bool
}

const (
	ofCertificates = "how certificates are ordered is the operator's to say"
	useACME        = "-acme-dir, -acme-email and -acme-ca of the proxy"
	noSnippets     = "the proxy says so for all"
)

// variables are all that the language knows, by name. No other variable of a container is carried.
var variables = map[string]variable{
	keyHost: {}, keyPort: {}, keyPath: {}, keyDest: {}, keyProto: {}, keyMultiports: {},
	keyAccess:  {restricts: true, common: true},
	keyMethod:  {restricts: true, common: true},
	keyMissing: {restricts: true, common: true},
	keyHSTS:    {common: true},
	keyACME:    {},

	"VIRTUAL_ROOT":        {why: "it is for FastCGI only"},
	"CERT_NAME":           {common: true, why: "a certificate is chosen by the names that are in it", advice: "put it into the folder of -tls-dir"},
	"SSL_POLICY":          {common: true, why: "versions and ciphers of TLS are those of the listener"},
	"SERVER_TOKENS":       {common: true, why: "the proxy names no version", quiet: true},
	"EXTERNAL_HTTP_PORT":  {common: true, why: noSnippets, advice: "-listen"},
	"EXTERNAL_HTTPS_PORT": {common: true, why: noSnippets, advice: "-tls-listen"},

	"LETSENCRYPT_EMAIL":                       {why: "there is one account for all certificates", advice: "-acme-email of the proxy"},
	"LETSENCRYPT_SINGLE_DOMAIN_CERTS":         {why: "each host has a certificate of its own", quiet: true},
	"LETSENCRYPT_KEYSIZE":                     {why: ofCertificates, quiet: true},
	"LETSENCRYPT_MIN_VALIDITY":                {why: ofCertificates, quiet: true},
	"LETSENCRYPT_RESTART_CONTAINER":           {why: "the container is not restarted when its certificate is renewed"},
	"LETSENCRYPT_TEST":                        {why: ofCertificates, advice: "-acme-ca staging"},
	"ACME_CA_URI":                             {why: ofCertificates, advice: useACME},
	"ACME_CHALLENGE":                          {why: ofCertificates, advice: useACME},
	"ACME_PREFERRED_CHAIN":                    {why: ofCertificates, quiet: true},
	"ACME_OCSP":                               {why: ofCertificates, quiet: true},
	"ACME_HTTP_CHALLENGE_LOCATION":            {why: "the proxy answers the challenges of its own orders, and no others", quiet: true},
	"ACME_HTTP_CHALLENGE_ACCEPT_UNKNOWN_HOST": {why: "the proxy answers the challenges of its own orders, and no others", quiet: true},
	"ACME_PRE_HOOK":                           {why: "no command is run"},
	"ACME_POST_HOOK":                          {why: "no command is run"},
	"ACME_EAB_KID":                            {why: ofCertificates, advice: "-acme-eab-kid of the proxy", secret: true},
	"ACME_EAB_HMAC_KEY":                       {why: ofCertificates, advice: "-acme-eab-key-file of the proxy", secret: true},
	"ACMESH_DNS_API_CONFIG":                   {why: ofCertificates, secret: true},
	"ZEROSSL_API_KEY":                         {why: ofCertificates, secret: true},
}

// label is what is known of a label, behind ownLabels; those of the other programs of nginx-proxy are about certificates.
var labels = map[string]variable{
	"loadbalance":        {},
	"ssl_verify_client":  {restricts: true},
	"keepalive":          {why: "connections to instances are kept, up to -upstream-connections", quiet: true},
	"http2.enable":       {why: "HTTP/2 is served over TLS", quiet: true},
	"http3.enable":       {why: "HTTP/3 is not served", quiet: true},
	"trust-default-cert": {why: "a certificate is chosen by the names that are in it", quiet: true},
	"non-get-redirect":   {why: "redirects to HTTPS are 308, which keeps the method", quiet: true},
	"debug-endpoint":     {why: "the admin address shows the routes", quiet: true},
}
