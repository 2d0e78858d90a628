#!/usr/bin/env bash
# Builds the bench's lwIP: OUT, with buffers of 64 KB, and OUT-1m, with 1 MiB, which OUT
# runs when it is called with -buffer 1m.
#
#	bash shared/bench/lwip/build.sh OUT
#
# lwIP itself is not in this repository. It is Debian 12's source package, which apt fetches
# from the machine's Debian mirror and checks; root is not needed, and apt's own lists and
# settings stay as they are. It is kept in the user's cache directory.
set -euo pipefail
out=$(realpath -m "${1:?OUT, the program to make}")
here=$(cd "$(dirname "$0")" && pwd)
version=2.1.3+dfsg1-2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/framebyframe/lwip-$version

fetch() {
	local mirror
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} bookworm main" >"$work/list"
	local apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
	"${apt[@]}" update
	(cd "$work/source" && "${apt[@]}" source --download-only "lwip=$version")
	# Debian's patches add ports and change the sockets; the core is lwIP's.
	mkdir "$work/lwip"
	tar -xJf "$work/source"/lwip_*.orig.tar.xz -C "$work/lwip" --strip-components=1
	mkdir -p "$(dirname "$cache")"
	mv -T "$work/lwip" "$cache"
}

[ -d "$cache" ] || fetch
mkdir -p "$(dirname "$out")"
cd "$here"
jobs=()
for size in 65536 1048576; do
	name=$out
	[ $size = 65536 ] || name=$out-1m
	${CC:-gcc} -O2 -Wall -Wextra -DBUFFER=$size -I. -I"$cache/src/include" -o "$name" ./*.c \
		"$cache"/src/core/*.c "$cache"/src/core/ipv4/*.c "$cache/src/netif/ethernet.c" &
	jobs+=($!)
done
for job in "${jobs[@]}"; do
	wait "$job"
done
