package dialect

// upstreamOptions say what a route leads to that no service registers.
var upstreamOptions = []option{}
