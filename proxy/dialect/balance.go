package dialect

// Balance is how an instance of the route is chosen. The zero value leaves it to the process.
type Balance struct{}

// InstanceBalance is what one instance asks for besides its weight. The zero value is an instance like any other.
type InstanceBalance struct{}
