package dialect

// Filters is what is changed in requests and responses, and who may send them. The zero value changes nothing.
type Filters struct{}
