package dialect

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Balance is how an instance of the route is chosen. The zero value leaves it to the process.
type Balance struct {
	Method Method
	// Key is what MethodHash hashes; KeyName the name of the field, cookie or parameter.
	Key     Key
	KeyName string
	// Bound is how much of the mean of requests in flight an instance may have before further keys of its go elsewhere; 0 is no bound.
	Bound float64
	// Sticky keeps a client with its instance, by a cookie; Cookie is its name, and "" one of the service's own.
	Sticky bool
	Cookie string
}

// InstanceBalance is what one instance asks for besides a fixed share. The zero value is an instance like any other.
type InstanceBalance struct {
	// Weight is relative to the route's other instances; 0 is that of the catalogue.
	Weight int
	// Backup instances are chosen only when no other can be.
	Backup bool
	// MaxConns is how many requests the instance may have at once; 0 is no limit.
	MaxConns int
	// SlowStart is how long its share grows once it has come, or has come back; 0 is not at all.
	SlowStart time.Duration
}

// Method is a way to choose.
type Method uint8

// What may follow balance=. MethodDefault is the process's.
const (
	MethodDefault Method = iota
	MethodRoundRobin
	MethodLeastConnections
	MethodLeastTime
	MethodHash
)

var methodWords = [...]string{MethodRoundRobin: "round-robin", MethodLeastConnections: "least-connections", MethodLeastTime: "least-time"}

// Key is what of a request is hashed.
type Key uint8

// What may follow balance=hash:.
const (
	KeyClientIP Key = iota + 1
	KeyPath
	KeyHeader
	KeyCookie
	KeyQuery
)

var keyWords = [...]string{KeyClientIP: "client-ip", KeyPath: "path", KeyHeader: "header", KeyCookie: "cookie", KeyQuery: "query"}

// Balancing are the values of balance=, for people.
const Balancing = "round-robin, least-connections, least-time, hash:client-ip, hash:path, hash:header:NAME, hash:cookie:NAME, hash:query:NAME"

// ParseBalance reads what may follow balance=.
func ParseBalance(text string) (b Balance, err error) {
	if key, ok := strings.CutPrefix(text, "hash:"); ok {
		b.Method = MethodHash
		kind, name, named := strings.Cut(key, ":")
		for i, word := range keyWords {
			if word == kind && i > 0 && named == (Key(i) >= KeyHeader) {
				b.Key, b.KeyName = Key(i), name
			}
		}
		switch {
		case b.Key == 0:
			return Balance{}, fmt.Errorf("balance=%s is none of %s", shown(text), Balancing)
		case named && !isToken(name) && b.Key != KeyQuery || strings.ContainsAny(name, "&=#+ \t") || named && name == "":
			return Balance{}, fmt.Errorf("balance=%s: %s is no name", shown(text), shown(name))
		case b.Key == KeyHeader:
			b.KeyName = strings.ToLower(name)
		}
		return b, nil
	}
	for i, word := range methodWords {
		if word == text && i > 0 {
			return Balance{Method: Method(i)}, nil
		}
	}
	return Balance{}, fmt.Errorf("balance=%s is none of %s", shown(text), Balancing)
}

// String is the form that ParseBalance reads; "" for the process's.
func (b *Balance) String() string {
	switch {
	case b.Method != MethodHash:
		return methodWords[b.Method]
	case b.KeyName == "":
		return "hash:" + keyWords[b.Key]
	}
	return "hash:" + keyWords[b.Key] + ":" + b.KeyName
}

// parseWhole reads a whole number within bounds.
func parseWhole(name, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s=%s is no whole number between %d and %d", name, shown(value), least, most)
	}
	return n, nil
}
