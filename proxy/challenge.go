package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Challenges knows the answers by which a certificate authority sees whose a host is (HTTP-01, RFC 8555 section 8.3). A token that is
// outstanding nowhere is none of ours: applications have ACME clients, too.
type Challenges interface {
	// Answer is the answer to a host's token, where one is outstanding here. asks says that Find may know more. It does not block.
	Answer(host, token string) (text string, ok, asks bool)
	// Find is Answer, and asks other processes of ours. It may block for some seconds.
	Find(host, token string) (text string, ok bool)
}

// challengePath is in front of tokens.
const challengePath = "/.well-known/acme-challenge/"

// challenge answers a challenge that is ours: ActionReply, ActionHandOver where the answer has to be waited for and this listener must not
// wait, or ActionContinue for all other requests. It comes before any redirect and any route. Challenges come over plain HTTP.
func (x *Exchange) challenge() Action {
	known := x.scope.common.Challenges
	if known == nil || x.Client.secure {
		return ActionContinue
	}
	token, ok := strings.CutPrefix(x.Target.Path, challengePath)
	if !ok || x.Request.Method != "GET" && x.Request.Method != "HEAD" {
		return ActionContinue
	}
	host := http1.HostOnly(x.Target.Authority)
	text, ok, asks := known.Answer(host, token)
	switch {
	case ok:
	case asks && x.MayHandOver:
		x.handed = true
		return ActionHandOver
	case asks && x.MayWait:
		if text, ok = known.Find(host, token); !ok {
			return ActionContinue
		}
	default:
		return ActionContinue
	}
	x.Outcome, x.detail, x.Status = OutcomeChallenge, text, OutcomeChallenge.Status()
	return ActionReply
}
