package dialect

import "strings"

// TLS is what a route asks of the TLS between clients and the proxy. The zero value asks for nothing.
type TLS struct {
	// Redirect sends requests in plain text to the same place over HTTPS.
	Redirect bool
	// Prefer does so where a certificate of the process covers the host.
	Prefer bool
	// Client is whose certificate clients have to show.
	Client ClientCA
}

// ClientCA is a set of certificate authorities, by the name that the operator has given it. The zero value is none.
type ClientCA struct {
	Name string
	// Optional lets those in who show no certificate, too.
	Optional bool
}

const optionalCA = ":optional"

// ParseClientCA reads NAME or NAME:optional.
func ParseClientCA(text string) (c ClientCA, ok bool) {
	c.Name, c.Optional = strings.CutSuffix(text, optionalCA)
	return c, IsListenerName(c.Name)
}

// String is what ParseClientCA reads.
func (c ClientCA) String() string {
	if c.Optional {
		return c.Name + optionalCA
	}
	return c.Name
}
