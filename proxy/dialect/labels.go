package dialect

import (
	"strings"
	"time"
)

// Labelled is a language that is written in labels of containers too. A label that Wants takes as KEY=VALUE becomes such a tag of what is
// registered of its container; what has to be known before anything is registered is what it needs.
type Labelled interface {
	Language
	// Needs reads all labels of one container that Wants takes. They are not kept or modified.
	Needs(labels map[string]string) Needs
}

// Environment is a language that is written in environment variables of containers too, and to which it matters which ports they have. A variable
// that Variable takes becomes a tag NAME=VALUE, as a label does. No other one does: they hold secrets.
type Environment interface {
	Labelled
	// Variable says whether a variable is one of the language's, and its value as it is to stand in a tag. A label of such a name is none of it.
	Variable(name, value string) (text string, ok bool)
	// NeedsWith is Needs for all labels and variables of one container, of which exposed are the TCP ports that it exposes or publishes, lowest
	// first. None of them is kept or modified.
	NeedsWith(labels map[string]string, exposed []int) Needs
}

// Needs are what the labels of one container ask of whoever registers it. The zero value asks for nothing.
type Needs struct {
	// Ports are TCP ports of the container that are to be registered although nothing exposes or publishes them.
	Ports []int
	// OnePort are the keys of labels that are about one port and do not name it: that one is Port, or where it is 0 the lowest TCP port that is
	// registered. No other port's registration carries them. All other labels become tags of each port, and the language chooses by
	// Env.ContainerPort.
	OnePort []string
	Port    int
	// Network is the name of the network whose address is registered where it is the container's own; "" is the usual one.
	Network string
	// Spent are the keys of labels that become no tag.
	Spent []string
	// Idle are the keys of labels that nobody misses where no port of the container is registered.
	Idle []string
	// Values stand in tags in place of those of labels, by key.
	Values map[string]string
	// Closed says that nobody can tell which routes they ask for: all routes to the container are closed.
	Closed bool
	// Probe is a health check that is asked for; nil for none.
	Probe *Probe
	// Problems are of labels about which no Verdict can tell, since they become no tag.
	Problems []Problem
	// Bad is what is wrong with the label for which no port is needed; nil where nothing is. It is told where no port of the container is registered,
	// as no Verdict can tell then.
	Bad *Problem
}

// Probe is a health check that labels ask for. It is made of the instance's own address, whatever the labels name.
type Probe struct {
	// Key is that of the label.
	Key string
	// Port is the port of the container that is asked; 0 is the instance's.
	Port int
	// Path is asked for over HTTP, with its query; "" only connects over TCP.
	Path string
	// Timeout is how long one check may take; 0 is the usual.
	Timeout time.Duration
}

// Problem is what is wrong with a label, and what was done instead; for people.
type Problem struct{ Key, Problem, Done string }

// BadLabel is what is wrong with a label, as KEY=VALUE, for which no port is registered; see Needs.Bad.
func BadLabel(tag, problem string) *Problem {
	key, value, _ := strings.Cut(tag, "=")
	return &Problem{Key: key, Problem: `"` + shown(value) + `" ` + problem, Done: "no port of the container is registered for it"}
}
