package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func someNotices() *Notices {
	n := NewNotices()
	n.Add(Notice{Kind: NoticeTable, Text: "web: 1 instance added"})
	for range 2 {
		n.Add(Notice{Kind: NoticeEjected, Service: "web", Instance: "10.0.0.1:80", Text: "3 requests failed"})
	}
	return n
}

func TestEqualNoticesAreOne(t *testing.T) {
	n := NewNotices()
	at := time.Unix(1000, 0)
	add := func(text string) {
		at = at.Add(time.Second)
		n.Add(Notice{At: at, Kind: NoticeTable, Text: text})
	}
	add("a")
	add("b")
	list, known, more := n.since(0, 10)
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	add("a")
	select {
	case <-more:
	default:
		t.Error("nobody was told")
	}
	list, _, _ = n.since(known, 10)
	if len(list) != 1 || list[0].Text != "a" || list[0].count != 2 || list[0].first.Unix() != 1001 || list[0].At.Unix() != 1003 || list[0].was != known-1 {
		t.Errorf("since %d: %+v", known, list)
	}
	if list, _, _ = n.since(0, 10); len(list) != 2 || list[0].Text != "b" {
		t.Errorf("all: %+v", list)
	}
	if list, _, _ = n.since(0, 1); len(list) != 1 || list[0].Text != "a" {
		t.Errorf("the last one: %+v", list)
	}
	if list, _, _ = n.since(known+1000, 10); len(list) != 2 {
		t.Errorf("since an id of nobody: %+v", list)
	}
}

// A busy catalogue does not push out what happened seldom.
func TestTheMostFrequentKindGoesFirst(t *testing.T) {
	n := NewNotices()
	n.Add(Notice{Kind: NoticeEjected, Text: "once"})
	for i := range 5 * mostNotices {
		n.Add(Notice{Kind: NoticeTable, Text: fmt.Sprint(i)})
	}
	list, _, _ := n.since(0, 2*mostNotices)
	if len(list) != mostNotices || len(n.same) != mostNotices || list[0].Text != "once" || list[1].Text != fmt.Sprint(4*mostNotices+1) {
		t.Errorf("%d, %d, %+v", len(list), len(n.same), list[:2])
	}
	for i := 1; i < len(list); i++ {
		if list[i].id <= list[i-1].id {
			t.Fatalf("not in order: %+v", list[i-1:i+1])
		}
	}
}

func TestNoticesAreTextForPeople(t *testing.T) {
	n := NewNotices()
	n.Add(Notice{Kind: NoticeRefused, Service: "<script>\x1b[31m\r\n\x00\u202e", Instance: strings.Repeat("i", 1000), Text: "\xff" + strings.Repeat("é", 1000)})
	w := get(Admin(Options{Notices: n}), "localhost", "/api/notices")
	var view noticesView
	if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil || view.Count != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	one := view.Notices[0]
	if one.Service != "<script>\ufffd[31m\ufffd\ufffd\ufffd\ufffd" || len(one.Instance) > maxText+3 || len(one.Text) > mostNoticeText+5 || strings.ContainsAny(w.Body.String(), "<\x1b") {
		t.Errorf("%+v", one)
	}
}

func TestANilRingTakesAll(t *testing.T) {
	var n *Notices
	n.Add(Notice{Kind: NoticeTable, Text: "x"})
}
