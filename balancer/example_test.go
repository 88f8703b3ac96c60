package balancer_test

import (
	"fmt"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// A route is a set of members, each an instance with the way to speak to it, and a Lane, which outlives the set.
func Example() {
	var members []balancer.Member
	for _, address := range []string{"10.0.0.1:80", "10.0.0.2:80"} {
		upstream := balancer.NewUpstream("shop", address)
		members = append(members, balancer.Member{Way: upstream.Way(balancer.WayKey{}), Weight: 1})
	}
	picker := balancer.RoundRobin{}.Build(members, balancer.NewLane())

	for range 4 {
		i, ok := picker.Pick(balancer.Want{})
		if !ok {
			return // no instance is usable: 503
		}
		fmt.Println(members[i].Way.Upstream().Address())
	}
	// Output:
	// 10.0.0.1:80
	// 10.0.0.2:80
	// 10.0.0.1:80
	// 10.0.0.2:80
}

// One that refuses a connection is ejected: it is passed over until its back-off has passed, or until a Reviver has found that it accepts
// again. What the request has tried is passed over as well.
func ExampleWay_ObserveRefused() {
	members := []balancer.Member{
		{Way: balancer.NewUpstream("shop", "10.0.0.1:80").Way(balancer.WayKey{}), Weight: 1},
		{Way: balancer.NewUpstream("shop", "10.0.0.2:80").Way(balancer.WayKey{}), Weight: 1},
	}
	picker := balancer.RoundRobin{}.Build(members, balancer.NewLane())
	members[0].Way.ObserveAnswer(0, time.Millisecond) // it has answered before, so that its back-off is 100 ms
	members[0].Way.ObserveRefused(time.Now())

	var tried balancer.Tried
	for {
		i, ok := picker.Pick(balancer.Want{Tried: &tried})
		if !ok {
			fmt.Println("none is left")
			return
		}
		fmt.Println("try", members[i].Way.Upstream().Address())
		tried.Add(i)
	}
	// Output:
	// try 10.0.0.2:80
	// none is left
}

// Retries are bounded per route: a fifth of its requests of the last ten seconds, and ten a second in any case.
func ExampleBudget() {
	lane, now := balancer.NewLane(), time.Now()
	lane.Budget.Deposit(now) // one request

	allowed := 0
	for lane.Budget.Withdraw(now) {
		allowed++
	}
	fmt.Println(allowed, "retries")
	// Output:
	// 10 retries
}
