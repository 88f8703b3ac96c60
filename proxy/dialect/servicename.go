package dialect

import (
	"errors"
	"strings"
)

// ServiceName names a service of the catalogue. It is comparable; the zero value names none.
type ServiceName struct {
	Name string
	// Datacenter is where it is; "" is the datacenter that the process follows.
	Datacenter string
}

// maxDatacenter is Consul's own bound for the name of a datacenter, in bytes.
const maxDatacenter = 64

// ParseServiceName reads NAME or NAME@DATACENTER. The last @ divides. Names may hold an @ themselves: one behind which no name of a datacenter
// stands is a part of the name, and a name that would else be taken apart is written with one more @ at its end.
func ParseServiceName(text string) (ServiceName, error) {
	s := ServiceName{Name: text}
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		if dc := text[at+1:]; dc == "" {
			s.Name = text[:at]
		} else if isDatacenter(dc) {
			s = ServiceName{text[:at], strings.ToLower(dc)} // as Consul has them
		}
	}
	if s.Name == "" {
		return s, errors.New("want the name of a service")
	}
	return s, nil
}

// String is the form that ParseServiceName reads.
func (s ServiceName) String() string {
	if s.Datacenter != "" {
		return s.Name + "@" + s.Datacenter
	}
	if again, err := ParseServiceName(s.Name); err != nil || again != s {
		return s.Name + "@"
	}
	return s.Name
}

// isDatacenter says whether Consul lets a datacenter have a name: letters, digits, - and _
// (https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file/general, datacenter).
func isDatacenter(name string) bool {
	return name != "" && len(name) <= maxDatacenter && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// serviceTexts are services as they are written.
func serviceTexts(list []ServiceName, prefix string) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = prefix + s.String()
	}
	return strings.Join(texts, ",")
}
