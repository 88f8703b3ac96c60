package routing_test

import (
	"fmt"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/native"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A table is derived from the one before and from what the catalogue says. A request is matched once, and picks until an instance takes it.
func Example() {
	instance := func(id, address string) discovery.Instance {
		return discovery.Instance{Identity: discovery.Identity{Node: "n1", ID: id, Address: address, Port: 80}, Service: "shop",
			Tags: []string{"pointsman.route=shop.example/cart"}, Weight: 1, Status: discovery.Passing}
	}
	catalogue := &discovery.Snapshot{Sequence: 1, Taken: time.Now(), Services: []*discovery.Service{
		{Name: "shop", Instances: []discovery.Instance{instance("shop-1", "10.0.0.1"), instance("shop-2", "10.0.0.2")}},
	}}
	table := routing.NewTable(routing.Options{Languages: dialect.Languages{native.Language()}}).Next(catalogue)

	route, ok := table.Match(routing.Query{Authority: "shop.example", Path: "/cart/7"})
	if !ok {
		return // nothing asks for it: 404
	}
	var tried balancer.Tried
	for {
		member, ok := route.Pick(balancer.Want{Tried: &tried})
		if !ok {
			fmt.Println("none is left: 503")
			return
		}
		fmt.Println("try", member.Instance.ID, "at", member.Upstream.Address())
		tried.Add(member.Index)
	}
	// Output:
	// try shop-1 at 10.0.0.1:80
	// try shop-2 at 10.0.0.2:80
	// none is left: 503
}

// A Switch holds the one pointer to the present table. Its only writer applies snapshots; requests load it once each, without a lock.
func ExampleSwitch() {
	present := routing.NewSwitch(routing.Options{})
	fmt.Println("ready:", present.Ready()) // no view yet: 503

	present.Apply(&discovery.Snapshot{Sequence: 1, Taken: time.Now()})
	_, found := present.Load().Match(routing.Query{Authority: "shop.example", Path: "/"})
	fmt.Println("ready:", present.Ready(), "found:", found) // a view without a route: 404
	// Output:
	// ready: false
	// ready: true found: false
}
