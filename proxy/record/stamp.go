package record

import "time"

// Stamp is a time as text, formatted again when the second has changed. The zero value is ready; it is for one goroutine at a time and
// for one layout.
type Stamp struct {
	second int64
	text   []byte
}

// Of is now in that layout; valid until the next call.
func (s *Stamp) Of(now time.Time, layout string) []byte {
	if second := now.Unix(); second != s.second || s.text == nil {
		s.second, s.text = second, now.AppendFormat(s.text[:0], layout)
	}
	return s.text
}
