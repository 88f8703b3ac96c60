package ctmpl

import (
	"regexp"
	"strings"
	"text/template/parse"
)

// wholeService is what service is called where a loop can't tell instances apart.
const wholeService = "service_whole"

// assigns finds where a variable of outside is set: an instance that goes elsewhere may be asked for its tags there.
var assigns = regexp.MustCompile(`\$\w+ = `)

// whole marks a loop over the instances of a service that does not look at their tags, whatever other loops look at: one instance stands for all.
func whole(b *parse.BranchNode) {
	if len(b.Pipe.Cmds) != 1 || b.Pipe.IsAssign {
		return
	}
	body := b.List.String()
	if strings.Contains(body, "Tags") || strings.Contains(body, "template") || assigns.MatchString(body) {
		return
	}
	if name, ok := b.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode); ok && name.Ident == "service" {
		name.Ident = wholeService
	}
}
