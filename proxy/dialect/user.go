package dialect

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// User is a line of an htpasswd file. Make it with ParseUser.
type User struct {
	Name string
	// Hash is the password as htpasswd -B, -m and -s write it; Kind says which of them it is.
	Hash string
	Kind HashKind
}

// HashKind is how a password is hashed.
type HashKind uint8

const (
	// HashBcrypt is $2a$, $2b$ or $2y$.
	HashBcrypt HashKind = iota
	// HashAPR1 is $apr1$: Apache's variant of MD5-crypt.
	HashAPR1
	// HashSHA is {SHA}: SHA-1 without a salt.
	HashSHA
)

// maxCost bounds the cost of a bcrypt hash: one check takes about a second with 14, and twice that with each more.
const maxCost = 14

// maxTagCost is that of hashes in tags and KV: checks are shared by all routes, and one takes a quarter of a second with 12.
const maxTagCost = 12

// maxUserName is far above what people are called.
const maxUserName = 128

// ParseUser reads NAME:HASH. An error does not hold the text.
func ParseUser(text string) (User, error) {
	name, hash, ok := strings.Cut(text, ":")
	if !ok || name == "" || len(name) > maxUserName {
		return User{}, errors.New("a user is not NAME:HASH, as htpasswd writes it")
	}
	u := User{Name: name, Hash: hash}
	var err error
	switch {
	case strings.HasPrefix(hash, "$2a$"), strings.HasPrefix(hash, "$2b$"), strings.HasPrefix(hash, "$2y$"):
		u.Kind, err = HashBcrypt, checkBcrypt(hash)
	case strings.HasPrefix(hash, "$apr1$"):
		u.Kind, err = HashAPR1, checkAPR1(hash)
	case strings.HasPrefix(hash, "{SHA}"):
		u.Kind, err = HashSHA, checkSHA(hash)
	default:
		err = errors.New("is neither bcrypt ($2y$), $apr1$ nor {SHA}")
	}
	if err != nil {
		return User{}, fmt.Errorf("the password of %s %w", u.shown(), err)
	}
	return u, nil
}

// shown is the user for people. Who writes the hash in front of the name does not find it in a log.
func (u *User) shown() string {
	if strings.Contains(u.Name, "$") || strings.HasPrefix(u.Name, "{") {
		return "a user whose name looks like a hash (NAME:HASH)"
	}
	return "user " + shown(u.Name)
}

// tooSlow says why a user may not stand in a tag or in KV, or nil.
func (u *User) tooSlow() error {
	if u.Kind != HashBcrypt {
		return nil
	}
	if cost, _ := strconv.Atoi(u.Hash[4:6]); cost > maxTagCost { // checked in ParseUser
		return fmt.Errorf("the password of %s has bcrypt cost %d: at most %d, or %d where the operator writes it, as all routes share the time for checks",
			u.shown(), cost, maxTagCost, maxCost)
	}
	return nil
}

// cryptDigits are those of crypt(3), of which bcrypt uses another order.
const cryptDigits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func ofDigits(s string) bool { return strings.Trim(s, cryptDigits) == "" }

func checkBcrypt(hash string) error {
	const size = len("$2y$10$") + 22 + 31
	if len(hash) != size || hash[6] != '$' || !ofDigits(hash[7:]) {
		return errors.New("is not a whole bcrypt hash")
	}
	switch cost, err := strconv.ParseUint(hash[4:6], 10, 8); {
	case err != nil || cost < 4:
		return errors.New("is not a whole bcrypt hash")
	case cost > maxCost:
		return fmt.Errorf("has bcrypt cost %d: at most %d, or a check takes seconds", cost, maxCost)
	}
	return nil
}

func checkAPR1(hash string) error {
	salt, sum, ok := strings.Cut(hash[len("$apr1$"):], "$")
	if !ok || len(salt) == 0 || len(salt) > 8 || len(sum) != 22 || !ofDigits(salt) || !ofDigits(sum) {
		return errors.New("is not a whole $apr1$ hash")
	}
	return nil
}

func checkSHA(hash string) error {
	const size = 20
	if sum, err := base64.StdEncoding.DecodeString(hash[len("{SHA}"):]); err != nil || len(sum) != size {
		return errors.New("is not a whole {SHA} hash")
	}
	return nil
}
