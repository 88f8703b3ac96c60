package dialect

import "strconv"

// ParsePort is the port that a text names, 1 to 65535; 0 where it is none.
func ParsePort(text string) int {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || text[0] == '0' || text[0] == '+' {
		return 0
	}
	return int(n)
}
