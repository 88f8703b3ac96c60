//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestOldAndNewAreComparedInEachRound(t *testing.T) {
	j := &job{Name: "a", contenders: []contender{the(event), the(nginx), the(std)}}
	withOld(j)
	if len(j.contenders) != 6 {
		t.Fatalf("%d contenders, want the old one twice beside each of ours: %+v", len(j.contenders), j.contenders)
	}
	res := newResult(j)
	for row, values := range map[int][]float64{0: {10, 20, 30}, 1: {11, 22, 33}, 2: {10, 22, 30}} { // old A, new, old B
		for _, v := range values {
			res.rows[row].add(sample{cpu: v})
		}
	}
	var out strings.Builder
	if err := compare(&out, []*result{res}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a: Pointsman", "1.100 (1.000–1.100)", "1.000 (1.000–1.100)", "median over 1 cases"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
