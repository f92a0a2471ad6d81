#!/bin/sh
# Holds the batch queue of a site before its machines leave it.
# usage: freeze-batch.sh SITE
# BATCH_HOLD, if set, is the file whose presence holds the queue. Held twice is held once.
set -eu
site=${1:?"usage: freeze-batch.sh SITE"}
cat >/dev/null # the run's context, not needed here

if [ -n "${BATCH_HOLD:-}" ]; then
  if [ -e "$BATCH_HOLD" ]; then
    echo "the batch queue of $site is held already"
    exit 0
  fi
  echo "held by run ${MUSTER_RUN:-?}" >"$BATCH_HOLD"
fi
echo "the batch queue of $site is held: no new jobs, those that run are let finish"
