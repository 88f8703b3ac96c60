package dialect

// healthOptions say how instances are found healthy.
var healthOptions = []option{}
