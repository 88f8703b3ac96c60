package filter

import (
	"crypto/md5" //nolint:gosec // the hash that htpasswd -m writes is made of it
	"strings"
)

// apr1 is Apache's variant of MD5-crypt, as apr_md5_encode of the Apache Portable Runtime has it: what htpasswd writes by default.
func apr1(password, salt string) string {
	const magic = "$apr1$"
	mixed := md5.Sum([]byte(password + salt + password))
	text := []byte(password + magic + salt)
	for n := len(password); n > 0; n -= len(mixed) {
		text = append(text, mixed[:min(n, len(mixed))]...)
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			text = append(text, 0)
		} else {
			text = append(text, password[0])
		}
	}
	sum := md5.Sum(text)
	for round := range 1000 {
		text = apr1Round(text[:0], round, password, salt, sum[:])
		sum = md5.Sum(text)
	}
	return magic + salt + "$" + apr1Digits(sum)
}

// apr1Round is the text of one of the rounds that make guessing slow.
func apr1Round(text []byte, round int, password, salt string, sum []byte) []byte {
	odd := round&1 == 1
	if odd {
		text = append(text, password...)
	} else {
		text = append(text, sum...)
	}
	if round%3 != 0 {
		text = append(text, salt...)
	}
	if round%7 != 0 {
		text = append(text, password...)
	}
	if odd {
		return append(text, sum...)
	}
	return append(text, password...)
}

// apr1Digits writes a sum in the 64 digits of crypt(3), six bits each, in an order of its own.
func apr1Digits(sum [md5.Size]byte) string {
	const digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var out strings.Builder
	write := func(bits uint, n int) {
		for range n {
			out.WriteByte(digits[bits&63])
			bits >>= 6
		}
	}
	for _, i := range [5][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		write(uint(sum[i[0]])<<16|uint(sum[i[1]])<<8|uint(sum[i[2]]), 4)
	}
	write(uint(sum[11]), 2)
	return out.String()
}
