#!/bin/sh
# Shows or takes down the page that says the shop will be back soon.
# usage: holding-page.sh on|off SITE
# HOLDING_PAGE, if set, is the file that the front servers serve while it is there.
set -eu
state=${1:?"usage: holding-page.sh on|off SITE"}
site=${2:?"usage: holding-page.sh on|off SITE"}
cat >/dev/null

case $state in
on) [ -z "${HOLDING_PAGE:-}" ] || echo "We will be back soon." >"$HOLDING_PAGE" ;;
off) [ -z "${HOLDING_PAGE:-}" ] || rm -f "$HOLDING_PAGE" ;;
*)
  echo "holding-page.sh: '$state' is neither 'on' nor 'off'" >&2
  exit 2
  ;;
esac
echo "the holding page of $site is $state"
