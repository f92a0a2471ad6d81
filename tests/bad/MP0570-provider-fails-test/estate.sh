#!/bin/sh
read -r _hello
echo '{"id":1,"ok":{"protocol":1,"name":"array","version":"3","verbs":["process_pending","shut_down","take_final","fail_over","start","change_point","roll_back","commit","reprotect","clean_up"]}}'
read -r _inventory
echo '{"id":2,"ok":{"vms":[]}}'
read -r _end
