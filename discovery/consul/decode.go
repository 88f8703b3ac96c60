package consul

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/registrator"
)

// entry is one element of GET /v1/health/service/:service, as far as it is of use here.
type entry struct {
	Node    node
	Service service
	Checks  []check
}

type node struct {
	Node       string
	Address    string
	Datacenter string
	Meta       struct {
		Zone string `json:"zone"` // of all that a node's Meta may hold
	}
}

type service struct {
	Kind, ID, Service, Address string
	Tags                       []string
	Meta                       map[string]string
	Port                       int
	Weights                    weights
	CreateIndex, ModifyIndex   uint64
}

type weights struct{ Passing, Warning int }

type check struct {
	CheckID, ServiceID, Status string
}

// errNull: null where a list or an object was asked for is no answer. Decoding tells it from an empty one by nil.
var errNull = errors.New("the answer is null")

// refusal is an instance that can't be used, and why.
type refusal struct {
	node, id string
	reason   error
}

// instances turns a complete answer into instances. One that can't be dialled is refused by itself; an element without a
// node, an ID or a name means that the answer as a whole is not what was asked for.
func instances(answer []entry, localNode string) ([]discovery.Instance, []refusal, error) {
	out := make([]discovery.Instance, 0, len(answer))
	var refused []refusal
	for i := range answer {
		e := &answer[i]
		if e.Node.Node == "" || e.Service.ID == "" || e.Service.Service == "" {
			return nil, nil, fmt.Errorf("element %d of the answer has no node, service ID or name", i)
		}
		instance := e.instance()
		if err := discovery.CheckAddress(instance.Address, instance.Port); err != nil {
			refused = append(refused, refusal{node: e.Node.Node, id: e.Service.ID, reason: err})
			continue
		}
		instance.Local = localNode != "" && instance.Node == localNode
		out = append(out, instance)
	}
	return out, refused, nil
}

func (e *entry) instance() discovery.Instance {
	address := e.Service.Address
	if address == "" {
		address = e.Node.Address
	}
	status, nodeDown := e.health()
	owner, _, _ := readMark(e.Service.Meta)
	instance := discovery.Instance{
		Identity:  discovery.Identity{Node: e.Node.Node, ID: e.Service.ID, Address: address, Port: e.Service.Port},
		Service:   e.Service.Service,
		Kind:      e.Service.Kind,
		Tags:      e.Service.Tags,
		Meta:      e.Service.Meta,
		Zone:      discovery.ZoneOf(e.Service.Meta, e.Node.Meta.Zone, e.Node.Datacenter),
		Weight:    e.Service.Weights.of(status),
		Status:    status,
		NodeDown:  nodeDown,
		Started:   owner.Started,
		Sent:      owner.Sent,
		Container: owner.Container,
		Index:     e.Service.ModifyIndex,
		Created:   e.Service.CreateIndex,
	}
	instance.Marked = owner.Host != "" || owner.Container != ""
	instance.Registered = instance.Marked || registrator.HasIDForm(instance.ID)
	if !owner.Started.IsZero() {
		instance.Start = e.Service.Meta[metaStart]
	}
	delete(instance.Meta, metaSent) // told in Sent; in Meta it would make every repeated registration a change
	return instance
}

const (
	serfCheck          = "serfHealth"
	nodeMaintenance    = "_node_maintenance"
	serviceMaintenance = "_service_maintenance:"
)

// health is the worst of all checks of the node and of the service; maintenance outranks them.
func (e *entry) health() (status discovery.Status, nodeDown bool) {
	status = discovery.Passing
	maintenance := false
	for _, c := range e.Checks {
		if c.CheckID == nodeMaintenance || strings.HasPrefix(c.CheckID, serviceMaintenance) {
			maintenance = true
			continue
		}
		one := statusOf(c.Status)
		nodeDown = nodeDown || c.CheckID == serfCheck && one == discovery.Critical
		status = min(status, one)
	}
	if maintenance {
		status = discovery.Maintenance
	}
	return status, nodeDown
}

// statusOf: an unknown word is critical, as in Consul.
func statusOf(word string) discovery.Status {
	switch word {
	case "passing":
		return discovery.Passing
	case "warning":
		return discovery.Warning
	default:
		return discovery.Critical
	}
}

// maxWeight is Consul's own limit for a weight.
const maxWeight = 65535

func (w weights) of(status discovery.Status) int {
	weight := w.Passing
	if status == discovery.Warning {
		weight = w.Warning
	}
	return min(max(weight, 1), maxWeight)
}
