#!/bin/sh
# Lets the users of a wave finish their work before its machines move.
# usage: drain.sh WAVE SITE
# DRAINED_FILE, if set, is where the drained waves are noted, one a line, each once.
set -eu
wave=${1:?"usage: drain.sh WAVE SITE"}
site=${2:?"usage: drain.sh WAVE SITE"}
cat >/dev/null

if [ -n "${DRAINED_FILE:-}" ]; then
  touch "$DRAINED_FILE"
  if grep -qxF "$wave" "$DRAINED_FILE"; then
    echo "$wave is drained at $site already"
    exit 0
  fi
  echo "$wave" >>"$DRAINED_FILE"
fi
echo "$wave is drained at $site: no new sessions, those open are closed"
