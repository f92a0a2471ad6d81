#!/bin/sh
# Prints what an auditor asks of a test: which plan, which run, in what operation, and the context it had.
# usage: evidence.sh PLAN
set -eu
plan=${1:?"usage: evidence.sh PLAN"}
context=$(cat)
echo "plan:      $plan"
echo "run:       ${MUSTER_RUN:-?}"
echo "operation: ${MUSTER_OPERATION:-?}"
echo "context:   $(printf %s "$context" | wc -c | tr -d ' ') bytes"
