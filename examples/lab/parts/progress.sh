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
	{ "$@" 2>&1 || echo $? >"$status"; } | awk -v name="$name" -v every="$every" -v total="$total" '
		/^go: downloading / || /^[^ ]+$/ { if (++n % every == 0) { printf "%s: %d%s\n", name, n, total; fflush() }; next }
		{ print; fflush() }'
	[ ! -s "$status" ] || exit "$(cat "$status")"
}

step "modules downloaded" 20 "" sh -c "go list -deps '$package' 2>&1 >'$status.list'"
all=$(wc -l <"$status.list")
rm -f "$status.list"
step "packages compiled" 100 " of at most $all" go build -v "$@"
