package main

import (
	"context"
	"fmt"
	"os"
)

// Each tag is printed with the route that it makes, and what became of it. The exit code says whether all is in effect as written.
func Example_check() {
	p := program{stdout: os.Stdout, stderr: os.Stdout, args: []string{
		"-tag", `pointsman.route=shop.example/cart strip=/cart speed=9`,
		"-tag", `pointsman.route.admin=shop.example/admin allow=ip:10.0.0.0/8|ip:192.0.2.7`,
	}}
	fmt.Println("exit code", runCheck(context.Background(), p))
	// Output:
	// pointsman.route=shop.example/cart strip=/cart speed=9
	//   route    shop.example/cart strip=/cart
	//   partly   "speed" is not an option
	// pointsman.route.admin=shop.example/admin allow=ip:10.0.0.0/8|ip:192.0.2.7
	//   route    shop.example/admin allow=ip:10.0.0.0/8,ip:192.0.2.7/32
	//   used
	// exit code 1
}
