#!/bin/sh
# progress.sh ARGUMENTS...: go build, in the folder where it is called, with a line now and then about how far it is: modules that are
# downloaded, then packages that are compiled. The last argument is the package.
set -eu
for package; do :; done
status=$(mktemp)
trap 'rm -f "$status"' EXIT

# step NAME EVERY TOTAL COMMAND... runs a command and counts the lines of its stderr that show progress; the others are shown.
step() {
	name=$1 every=$2 total=$3
	shift 3
	n=0
	{ "$@" 2>&1 || echo $? >"$status"; } | while IFS= read -r line; do # not awk: some wait for more than a line
		case "$line" in
		"go: downloading "*) ;;
		*" "*) echo "$line"; continue ;;
		esac
		n=$((n + 1))
		[ $((n % every)) != 0 ] || echo "$name: $n$total"
	done
	[ ! -s "$status" ] || exit "$(cat "$status")"
}

step "modules downloaded" 20 "" sh -c "go list -deps '$package' 2>&1 >'$status.list'"
all=$(wc -l <"$status.list")
rm -f "$status.list"
step "packages compiled" 50 " of at most $all" go build -v "$@"
