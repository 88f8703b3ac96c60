package http1

import "testing"

func TestRequestHead(t *testing.T) {
	const text = "\r\nPOST /p?q HTTP/1.1\r\nHost: t:80\r\nContent-Length: 5\r\nConnection: X-A, close\r\nX-A:\t1 \r\n\r\n"
	var h Head
	n, err := h.Find([]byte(text+"hello"), 1<<10)
	if n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	var r Request
	if err := r.Parse([]byte(text), Limits{1 << 10, 10}); err != nil {
		t.Fatal(err)
	}
	if r.Method != "POST" || r.Target != "/p?q" || r.Host != "t:80" || r.Framing != (Framing{Sized, 5}) || !r.Close || !r.Hops.Has("x-a") ||
		len(r.Fields) != 4 || r.Fields[3].Value != "1" || r.Fields[1].Known() != ContentLength {
		t.Errorf("%+v", r)
	}
}
