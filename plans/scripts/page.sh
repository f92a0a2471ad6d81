#!/bin/sh
# Tells the people on call. The message arrives as JSON on standard input.
# PAGE_FILE, if set, is where it is appended; else it is printed.
set -eu
message=$(cat)
line="page: plan ${MUSTER_PLAN:-?}, run ${MUSTER_RUN:-?}: $message"
if [ -n "${PAGE_FILE:-}" ]; then
  printf '%s\n' "$line" >>"$PAGE_FILE"
else
  printf '%s\n' "$line"
fi
