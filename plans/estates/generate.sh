#!/bin/sh
# Writes the two large inventories, fabrikam.json (300 machines) and lucerne.json (72), beside itself.
# Run again after changing the tables below; the same tables give the same bytes.
set -eu
cd "$(dirname "$0")"

# A table's line: name prefix, count, replication group or -, os, subnet, minutes to the newest point.
inventory() { # home, other, first octets at each; the table on standard input
  awk -v home="$1" -v other="$2" -v net1="$3" -v net2="$4" '
    function at(minutes) {
      minutes = 360 - minutes
      return sprintf("2026-11-23T%02d:%02d:00Z", int(minutes / 60), minutes % 60)
    }
    function point(vm, group, minutes, kind, last) {
      set = group == "-" ? "null" : sprintf("\"%s-%d\"", group, minutes)
      return sprintf("{\"id\": \"%s-%d\", \"at\": \"%s\", \"kind\": \"%s\", \"set\": %s, \"processed\": true, \"usable\": true}%s",
        vm, minutes, at(minutes), kind, set, last ? "" : ", ")
    }
    BEGIN {
      printf "{\n  \"format\": \"muster.inventory/1\",\n  \"now\": \"2026-11-23T06:00:00Z\",\n"
      printf "  \"sites\": [\"%s\", \"%s\"],\n  \"vms\": {", home, other
    }
    NF == 6 {
      for (i = 1; i <= $2; i++) {
        vm = sprintf("%s%02d", $1, i)
        group = $3 == "-" ? "null" : "\"" $3 "\""
        printf "%s\n    \"%s\": {\"group\": %s, \"site\": \"%s\", \"power\": \"on\", \"protection\": \"protected\", \"replicates_to\": \"%s\", \"os\": \"%s\", ",
          seen++ ? "," : "", vm, group, home, other, $4
        printf "\"address\": {\"%s\": \"%s.%d.%d\", \"%s\": \"%s.%d.%d\"}, \"agent_registered\": true, \"pending_bytes\": 0,\n",
          home, net1, $5, i + 10, other, net2, $5, i + 10
        # Members of a group share their instants; others were last seen at times of their own.
        newest = $3 == "-" ? $6 + i % 4 : $6
        printf "      \"points\": [%s%s%s]}", point(vm, $3, newest, "crash"), point(vm, $3, newest + 5, "crash"), point(vm, $3, newest + 30, "app", 1)
      }
    }
    END {
      printf "\n  },\n  \"process_servers\": [\n"
      printf "    {\"name\": \"ps-%s-01\", \"site\": \"%s\", \"healthy\": true},\n", home, home
      printf "    {\"name\": \"ps-%s-01\", \"site\": \"%s\", \"healthy\": true}\n  ]\n}\n", other, other
    }'
}

inventory frankfurt berlin 10.10 10.30 >fabrikam.json <<'TABLE'
net-db   4  intranet-db  windows  1  4
net-app 16  -            windows  1  2
net-web 20  -            linux    1  2
fin-db   4  finance-db   windows  2  3
fin-app 26  -            windows  2  2
fin-web 20  -            linux    2  3
log-db   6  logistics-db linux    3  4
log-app 34  -            linux    3  2
log-web 20  -            linux    3  2
res-db   4  research-db  linux    4  5
res-app 36  -            linux    4  3
sal-db   4  sales-db     windows  5  4
sal-app 26  -            windows  5  2
sal-web 20  -            linux    5  2
fab-db   8  factory-db   linux    6  3
fab-app 32  -            linux    6  2
fab-plc 20  -            windows  6  4
TABLE

inventory turin milan 10.70 10.90 >lucerne.json <<'TABLE'
farm-lic    1  -      windows  1  3
farm-queue  1  -      linux    1  3
rack1-     16  rack1  linux    2  4
rack2-     16  rack2  linux    3  6
rack3-     16  rack3  linux    4  5
rack4-     16  rack4  linux    5  7
spare       6  -      linux    6  9
TABLE
