#!/bin/sh
# Fences a site of disks: cuts the power of its guests and ends its storage daemon, so that nothing runs there,
# nothing serves its disks and nothing can write.
# usage: cut-site.sh SITE     MUSTER_STATE is the state folder, ESTATE the estate's name
set -eu
site=${1:?"usage: cut-site.sh SITE"}
folder=${MUSTER_STATE:?"MUSTER_STATE is not set"}/estates/${ESTATE:?"ESTATE is not set"}/$site
cat >/dev/null

if [ ! -f "$folder/site.json" ]; then
  echo "$folder has no record of a daemon, so it is not known what serves $site" >&2
  exit 1
fi
# A process is the site's only while its command line names the file in which it said its number, however the
# way to that file is spelt.
is_of() {
  named=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | sed -n '/^--*pidfile$/{n;p;}')
  [ -n "$named" ] && [ "$(realpath -m "$named")" = "$(realpath -m "$2")" ]
}
for said in "$folder"/vms/*/guest.pid; do
  guest=$(cat "$said" 2>/dev/null || true)
  if [ -n "$guest" ] && is_of "$guest" "$said"; then
    kill -KILL "$guest" 2>/dev/null || true
    echo "the power of $(basename "$(dirname "$said")") at $site is cut"
  fi
done
ours() {
  is_of "$pid" "$folder/qsd.pid"
}
pid=$(cat "$folder/qsd.pid" 2>/dev/null || true)
if [ -n "$pid" ] && ! ours && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q qemu-storage-daemon; then
  echo "process $pid is a storage daemon and not known to be that of $site: it is not known whether $site is cut off" >&2
  exit 1
fi
if [ -z "$pid" ] || ! ours; then
  echo "$site is cut off already: no storage daemon runs"
  exit 0
fi
kill -TERM "$pid" 2>/dev/null || true
tries=0
while ours; do
  tries=$((tries + 1))
  if [ "$tries" -eq 100 ]; then
    kill -KILL "$pid"
  elif [ "$tries" -gt 150 ]; then
    echo "the storage daemon of $site, process $pid, does not end" >&2
    exit 1
  fi
  sleep 0.1
done
echo "$site is cut off: its storage daemon, process $pid, has ended"
