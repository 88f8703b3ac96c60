package haproxy

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// users are those of a userlist as auth= has them; it is false where a password is hashed in a way that the proxy does not check, or where there are
// none.
func (r *reader) users(name string) (string, bool) {
	i := slices.IndexFunc(r.all, func(s *section) bool { return s.kind == "userlist" && s.name == name })
	if i < 0 {
		return "", false
	}
	list, ok := r.all[i].users()
	if !ok {
		return "", false
	}
	for j := range r.all[i].own {
		r.all[i].own[j].remark.Mark(convert.Carried, "auth=", "")
	}
	r.all[i].head.remark.Mark(convert.Carried, "auth=", "")
	return "basic:" + strings.Join(list, ","), true
}

// users are those of a section userlist, as NAME:HASH.
func (s *section) users() (out []string, ok bool) {
	for i := range s.own {
		st := &s.own[i]
		if st.words[0] != "user" || st.word(2) != "password" || len(st.words) != 4 { // groups, or a password as it is
			return nil, false
		}
		user := st.word(1) + ":" + st.word(3)
		if _, err := dialect.ParseUser(user); err != nil || strings.ContainsAny(user, ",| \t\"") {
			return nil, false
		}
		out = append(out, user)
	}
	const most = 64 // of a line
	return out, len(out) > 0 && len(out) <= most
}
