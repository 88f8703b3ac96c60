package history

import (
	"testing"
	"time"
)

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.FixedZone("x", 3600))
	for text, want := range map[string]string{
		"17": "17", " 3 ": "3", "2026-03-04T10:00:00Z": "2026-03-04T10:00:00Z", "2026-03-04T10:00:00.25+02:00": "2026-03-04T10:00:00.25+02:00",
		"11:30": "2026-03-04T11:30:00+01:00", "11:30:05": "2026-03-04T11:30:05+01:00", "90s": "2026-03-04T11:58:30+01:00", "1h30m": "2026-03-04T10:30:00+01:00",
	} {
		if m, err := ParseMoment(text, now); err != nil || m.String() != want {
			t.Errorf("%q: %s %v, want %s", text, m, err, want)
		}
	}
	for _, bad := range []string{"", "0", "-1", "-5m", "x", "25:00", "2026-03-04", "99999999999999999999", "1e3", "0001-01-01T00:00:00Z", "5 m"} {
		if m, err := ParseMoment(bad, now); err == nil {
			t.Errorf("%q is %s", bad, m)
		}
	}
}

// What was read can be written and read again, and is never both.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"17", "2026-03-04T10:00:00Z", "11:30", "5m", "-1", "9999-12-31T23:59:59.999999999Z"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMoment(text, now)
		if err != nil {
			if m != (Moment{}) {
				t.Errorf("%q: %+v and %v", text, m, err)
			}
			return
		}
		again, err := ParseMoment(m.String(), now)
		if (m.Number == 0) == m.Time.IsZero() || err != nil || again.Number != m.Number || !again.Time.Equal(m.Time) {
			t.Errorf("%q: %+v, then %+v %v", text, m, again, err)
		}
	})
}
