#!/bin/sh
echo "cannot reach the array" >&2
exit 7
