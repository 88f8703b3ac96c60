package balancer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Budget
		spend := func() (n int) {
			for b.Withdraw(time.Now()) {
				n++
			}
			return n
		}
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries without a request", n)
		}
		time.Sleep(time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries in the next second", n)
		}
		time.Sleep(budgetSpan * time.Second)
		for range budgetSpan {
			time.Sleep(time.Second)
			for range 50 {
				b.Deposit(time.Now())
			}
		}
		if n := spend(); n != 100 {
			t.Errorf("%d retries for 500 requests", n)
		}
		time.Sleep(time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries after the share was spent", n)
		}
		time.Sleep(budgetSpan * time.Second)
		if n := spend(); n != budgetFloor {
			t.Errorf("%d retries after all was forgotten", n)
		}
	})
}

func TestBudgetOfManyRequestsIsNearlyExact(t *testing.T) {
	const n = 200_000
	var b Budget
	now := time.Unix(1e9, 0)
	for range n {
		b.Deposit(now)
	}
	if got := b.Requests(now); math.Abs(float64(got)/n-1) > .05 { // 8 times the deviation to be expected
		t.Errorf("%d requests noted of %d", got, n)
	}
}
