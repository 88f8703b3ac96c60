package dialect

// matchOptions say which requests a route takes, besides host and path.
var matchOptions = []option{}
