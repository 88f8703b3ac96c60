package dialect

// triesOptions say how often and how long a request is tried.
var triesOptions = []option{}
