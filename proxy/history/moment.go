package history

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Moment names a table: by its number, or by a time at which it was the present one.
type Moment struct {
	// Number counts where Time is zero.
	Number uint64
	Time   time.Time
}

// String is the moment as ParseMoment reads it.
func (m Moment) String() string {
	if m.Time.IsZero() {
		return strconv.FormatUint(m.Number, 10)
	}
	return m.Time.Format(time.RFC3339Nano)
}

var errMoment = errors.New("want the number of a table, or a time: 2006-01-02T15:04:05Z, 15:04 or 15:04:05 of today, or 5m for five minutes ago")

// ParseMoment reads the number of a table, a time as in RFC 3339, one of the day of now (15:04, 15:04:05), or how long ago it was (90s, 5m).
func ParseMoment(text string, now time.Time) (Moment, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		if n == 0 {
			return Moment{}, errMoment
		}
		return Moment{Number: n}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && !at.IsZero() {
		return Moment{Time: at}, nil
	}
	for _, layout := range [...]string{"15:04", "15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			y, m, d := now.Date()
			return Moment{Time: time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), now.Location())}, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return Moment{Time: now.Add(-ago)}, nil
	}
	return Moment{}, errMoment
}
