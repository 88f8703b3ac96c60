package dialect

// logOptions say what is logged of a route's requests.
var logOptions = []option{}
