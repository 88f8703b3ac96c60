package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/registrator"
)

// Agent is the registrator's side: the registrations of one Consul agent. It implements registrator.Catalogue. Every call is
// given up after 5 s.
type Agent struct {
	client *client
	now    func() time.Time

	mu sync.Mutex
	// checks are the IDs of each service's checks as last seen or sent. Consul keeps a check that a later registration no
	// longer names; knowing them, Register removes those.
	checks map[string][]string
}

// agentConnections bounds the connections of an Agent: calls are short, and one that hangs must not hold up the others.
const agentConnections = 16

// NewAgent opens no connection yet. A bad Config (address, certificate files, token file) is an error.
func NewAgent(o Options) (*Agent, error) {
	made, err := newClient(o.Config, agentConnections)
	if err != nil {
		return nil, err
	}
	return &Agent{client: made, now: time.Now, checks: map[string][]string{}}, nil
}

// Ping implements registrator.Catalogue: GET /v1/status/leader, where any 200 counts, a leader or not.
func (a *Agent) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var leader json.RawMessage
	head, err := a.client.get(ctx, "/v1/status/leader", &leader, nil)
	if err != nil && head.status != http.StatusOK {
		return fmt.Errorf("ping Consul: %w", err)
	}
	return nil
}

// Register implements registrator.Catalogue. A check that the service had and no longer has is removed; the state of checks
// that stay, and a maintenance mode, are kept.
func (a *Agent) Register(ctx context.Context, r registrator.Registration) error {
	sent := body(r, registrator.Digest(r.Checks), a.now())
	err := a.client.put(ctx, func(o *api.QueryOptions) error {
		_, err := a.client.api.Raw().Write("/v1/agent/service/register", sent, nil, (&api.WriteOptions{}).WithContext(o.Context()))
		return err
	})
	if err != nil {
		return fmt.Errorf("register %q: %w", r.ID, err)
	}
	if r.Owner == (registrator.Owner{}) {
		return nil // without our mark nothing is sent that Registrator would not send
	}
	return a.dropChecks(ctx, r)
}

// dropChecks removes the known checks of a service that its new registration does not name.
func (a *Agent) dropChecks(ctx context.Context, r registrator.Registration) error {
	wanted := checkIDs(r)
	a.mu.Lock()
	before := a.checks[r.ID]
	now := make([]string, 0, len(wanted))
	for id := range wanted {
		now = append(now, id)
	}
	a.checks[r.ID] = now
	a.mu.Unlock()
	for _, id := range before {
		if wanted[id] {
			continue
		}
		err := a.client.put(a.client.escaping(ctx, "/v1/agent/check/deregister/", id), func(o *api.QueryOptions) error {
			return a.client.api.Agent().CheckDeregisterOpts(id, o)
		})
		if err != nil && !isStatus(err, http.StatusNotFound) {
			a.remember(r.ID, id)
			return fmt.Errorf("remove check %q: %w", id, err)
		}
	}
	return nil
}

func (a *Agent) remember(service, check string) {
	a.mu.Lock()
	a.checks[service] = append(a.checks[service], check)
	a.mu.Unlock()
}

// Deregister implements registrator.Catalogue. An ID that the agent does not know is success.
func (a *Agent) Deregister(ctx context.Context, id string) error {
	err := a.client.put(a.client.escaping(ctx, "/v1/agent/service/deregister/", id), func(o *api.QueryOptions) error {
		return a.client.api.Agent().ServiceDeregisterOpts(id, o)
	})
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("deregister %q: %w", id, err)
	}
	a.mu.Lock()
	delete(a.checks, id)
	a.mu.Unlock()
	return nil
}

// ErrUnknown says that the agent does not hold the service or the check that a call is about.
var ErrUnknown = errors.New("unknown to the agent")

// Report implements registrator.Catalogue: PUT /v1/agent/check/update. A check that the agent does not know is ErrUnknown.
func (a *Agent) Report(ctx context.Context, checkID, status, output string) error {
	err := a.client.put(a.client.escaping(ctx, "/v1/agent/check/update/", checkID), func(o *api.QueryOptions) error {
		return a.client.api.Agent().UpdateTTLOpts(checkID, limit(output), status, o)
	})
	return unknown(err, "report", checkID)
}

// Maintain implements registrator.Catalogue. A service that the agent does not know is ErrUnknown.
func (a *Agent) Maintain(ctx context.Context, id string, on bool, reason string) error {
	err := a.client.put(a.client.escaping(ctx, "/v1/agent/service/maintenance/", id), func(o *api.QueryOptions) error {
		if on {
			return a.client.api.Agent().EnableServiceMaintenanceOpts(id, limit(reason), o)
		}
		return a.client.api.Agent().DisableServiceMaintenanceOpts(id, o)
	})
	return unknown(err, "maintain", id)
}

func unknown(err error, verb, id string) error {
	switch {
	case err == nil:
		return nil
	case isStatus(err, http.StatusNotFound):
		return fmt.Errorf("%s %q: %w", verb, id, ErrUnknown)
	default:
		return fmt.Errorf("%s %q: %w", verb, id, err)
	}
}

// maxOutput is Consul's default limit for a check's output, in bytes.
const maxOutput = 4096

func limit(text string) string {
	if len(text) > maxOutput {
		return text[:maxOutput]
	}
	return text
}
