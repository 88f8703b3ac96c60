package dialect

// compressOptions say how responses are compressed.
var compressOptions = []option{}
