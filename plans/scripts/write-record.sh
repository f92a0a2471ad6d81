#!/bin/sh
# Writes record NUMBER to a disk that is served over NBD, flushes it, and reads it back.
# Usage: write-record.sh HOST:PORT EXPORT NUMBER      NUMBER from 1 to 255
set -eu
address=$1 export=$2 number=$3
command -v qemu-io >/dev/null || {
    echo "qemu-io is not on this host; install it with: apt-get install -y qemu-utils" >&2
    exit 1
}
offset=$((number * 65536))
# Whatever qemu-io says is a complaint: it reports a pattern that differs as text alone.
if said=$(qemu-io -f raw \
    -c "write -q -P $number $offset 65536" -c "flush" \
    -c "read -q -P $number $offset 65536" "nbd://$address/$export" 2>&1) && [ -z "$said" ]; then
    :
else
    echo "$said" >&2
    exit 1
fi
echo "record $number is on $export at $address"
