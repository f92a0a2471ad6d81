#!/bin/sh
read -r _hello
echo '{"id":1,"ok":{"protocol":1,"name":"array","version":"3","verbs":["fail_over","start"]}}'
read -r _end
