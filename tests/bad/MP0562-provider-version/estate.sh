#!/bin/sh
read -r _hello
echo '{"id":1,"ok":{"protocol":2}}'
read -r _end
