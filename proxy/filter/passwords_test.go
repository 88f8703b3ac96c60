package filter

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Made with openssl passwd -apr1.
func TestAPR1(t *testing.T) {
	for _, c := range [][2]string{
		{"", "$apr1$r31abcde$TQvwpj0ayQKth6GtVaf2T1"}, {"a", "$apr1$r31abcde$9JvXP2WP.lqEfqAWt6uod/"},
		{"secret", "$apr1$r31abcde$SZEN.U5sWGGNcv9YsUrqI."}, {"correct horse battery staple", "$apr1$r31abcde$R8J16/0bwaEApuN5Hd3g01"},
		{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "$apr1$r31abcde$STGoEeG0A3npdPqZoL0tw/"}, {"myPassword", "$apr1$ab$8kcutQXL76cHBkdcXul75/"},
	} {
		u, err := dialect.ParseUser("anna:" + c[1])
		if err != nil || !matches(u, c[0]) || matches(u, c[0]+"x") {
			t.Errorf("%q: %v", c[0], err)
		}
	}
}

const (
	sha     = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
	bcrypt4 = "$2y$04$UOG4R9l3STvR4SVz6KcwWuHrxD4fRB.S8bEDxLKkXposO7NffN0Hm"
)

func user(t testing.TB, text string) dialect.User {
	t.Helper()
	u, err := dialect.ParseUser(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func authorization(text string) []http1.Field {
	return []http1.Field{http1.NewField("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text)))}
}

// What was verified is not verified again for a minute; what was not waits for its turn, and not for ever.
func TestChecksAreBoundedAndRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords()
		u := user(t, "anna:"+bcrypt4)
		if right, busy := p.verify(t.Context(), p.turns(), u, "secret", time.Now()); !right || busy {
			t.Fatal("the right password is refused")
		}
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		time.Sleep(rememberFor - time.Second)
		if right, busy := p.verify(t.Context(), p.turns(), u, "secret", time.Now()); !right || busy {
			t.Error("a verified password waits for a turn")
		}
		other := user(t, "anna:"+sha)
		began := time.Now()
		if right, busy := p.verify(t.Context(), p.turns(), other, "secret", time.Now()); right || !busy || time.Since(began) != checkWait {
			t.Errorf("another entry of the same user: right %v, busy %v after %s", right, busy, time.Since(began))
		}
		time.Sleep(time.Second)
		if right, busy := p.verify(t.Context(), p.turns(), u, "secret", time.Now()); right || !busy {
			t.Error("a password is remembered for longer than a minute")
		}
		for range cap(p.slots) {
			<-p.slots
		}
		if right, _ := p.verify(t.Context(), p.turns(), u, "secret", time.Now()); !right {
			t.Error("the right password is refused after a minute")
		}
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
		if right, busy := p.verify(t.Context(), p.turns(), u, "secret", time.Now()); !right || busy {
			t.Error("a password that was verified again is not remembered again")
		}
	})
}

// Whoever guesses at the passwords of one list shuts nobody out of the routes of another.
func TestAListLeavesATurnToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		common := NewCommon(outside.Gate{})
		common.passwords.slots = make(chan struct{}, 3)
		a, b := basicAuthOf(&dialect.BasicAuth{File: "/users"}, common), basicAuthOf(&dialect.BasicAuth{Users: []dialect.User{user(t, "anna:"+sha)}}, common)
		again := basicAuthOf(&dialect.BasicAuth{File: "/users"}, common)
		for range cap(a.turns) { // checks that do not end
			a.turns <- struct{}{}
			common.passwords.slots <- struct{}{}
		}
		if right, busy := common.passwords.verify(t.Context(), again.turns, user(t, "anna:"+bcrypt4), "x", time.Now()); right || !busy {
			t.Error("two routes of one file have turns each")
		}
		began := time.Now()
		if got, err := b.Check(t.Context(), authorization("anna:secret"), time.Now()); got != DecisionPassed || time.Since(began) > 0 {
			t.Errorf("the other list: %v %v after %s", got, err, time.Since(began))
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	p, now := newPasswords(), time.Now()
	u := user(t, "anna:"+sha)
	for i := range rememberMost + 100 {
		p.remember([32]byte{byte(i), byte(i >> 8)}, now)
	}
	if n := len(p.known); n > rememberMost {
		t.Errorf("%d are remembered", n)
	}
	if right, _ := p.verify(t.Context(), p.turns(), u, "secret", now); !right {
		t.Error("the right password is refused")
	}
	if right, _ := p.verify(t.Context(), p.turns(), u, string(make([]byte, maxPassword+1)), now); right {
		t.Error("a huge password")
	}
}

func TestAFileOfUsers(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "users"), time.Now()
	common := NewCommon(outside.Gate{})
	a := basicAuthOf(&dialect.BasicAuth{File: path, Realm: `a "b"`}, common)
	if a.Challenge != `Basic realm="a \"b\"", charset="UTF-8"` {
		t.Error(a.Challenge)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, step := range []struct {
		text, who string
		want      Decision
	}{
		{"", "anna:secret", DecisionBroken},
		{"# people\n\nanna:" + sha + "\nanna:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", "anna:secret", DecisionPassed},
		{"bob:" + sha, "anna:secret", DecisionRefused},
		{"bob:" + bcrypt4 + "\n", "bob:secret", DecisionPassed},
		{"bob:" + bcrypt4 + "\nanna:secret\n", "bob:secret", DecisionBroken}, // who was put out may be on the line that can't be read
		{"# nobody", "bob:secret", DecisionBroken},
	} {
		write(step.text + "\n")
		now = now.Add(lookEvery)
		got, err := a.Check(t.Context(), authorization(step.who), now)
		if got != step.want || (err != nil) != (got == DecisionBroken) {
			t.Errorf("%d: %v %v, want %v", i, got, err, step.want)
		}
	}
	write("bob:" + bcrypt4)
	if changed, err := common.Reload(); !changed || err != nil {
		t.Errorf("read again: %v %v", changed, err)
	}
	if got, _ := a.Check(t.Context(), authorization("bob:secret"), now); got != DecisionPassed {
		t.Errorf("after it was read again: %v", got)
	}
	if changed, err := common.Reload(); changed || err != nil {
		t.Errorf("read again without a change: %v %v", changed, err)
	}
	_ = os.Remove(path)
	if _, err := common.Reload(); err == nil {
		t.Error("a file that is gone is read")
	}
	if got, _ := a.Check(t.Context(), authorization("bob:secret"), now.Add(lookEvery)); got != DecisionBroken {
		t.Errorf("without the file: %v", got)
	}
}

// A file is read again after an error, though neither its size nor its time has changed, and where another one with both stands in its place.
func TestAFileOfUsersIsReadAgain(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	path := filepath.Join(dir, "users")
	common := NewCommon(outside.Gate{})
	a := basicAuthOf(&dialect.BasicAuth{File: path}, common)
	write := func(to, text string) {
		t.Helper()
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(to, now, now); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want Decision, what string) {
		t.Helper()
		if got, err := a.Check(t.Context(), authorization("anna:secret"), now); got != want {
			t.Errorf("%s: %v %v, want %v", what, got, err, want)
		}
	}
	write(path, "anna:"+sha)
	check(DecisionPassed, "at first")
	write(path+".new", "bert:"+sha)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	check(DecisionRefused, "another file in its place")
	h := common.file(path)
	h.users, h.err = nil, os.ErrPermission // as root, who runs tests in containers, reads whatever its mode
	write(path, "anna:"+sha)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	h.stamp = info
	check(DecisionBroken, "within the second")
	now = now.Add(lookEvery)
	check(DecisionPassed, "after an error that was not the file's")
}

func TestNobodyIsLetInByAnEmptyList(t *testing.T) {
	a := basicAuthOf(&dialect.BasicAuth{}, NewCommon(outside.Gate{}))
	for _, who := range []string{"", ":", "anna:", "anna:secret"} {
		if got, _ := a.Check(context.Background(), authorization(who), time.Now()); got != DecisionRefused {
			t.Errorf("%q: %v", who, got)
		}
	}
}

func FuzzUsers(f *testing.F) {
	f.Add([]byte("# x\n\nanna:" + sha + "\nbob:" + bcrypt4))
	f.Fuzz(func(t *testing.T, text []byte) {
		users, err := parseUsers("users", text)
		if (err == nil) != (len(users) > 0) {
			t.Errorf("%d users, %v", len(users), err)
		}
		for name, u := range users {
			if _, err := dialect.ParseUser(name + ":" + u.Hash); err != nil {
				t.Errorf("%s: %v", strconv.Quote(name), err)
			}
		}
	})
}
