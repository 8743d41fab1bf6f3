#!/usr/bin/env bash
# Whether a host answers, for hosts without a door: one that refuses a connection is there.
output=$(timeout 3 bash -c "exec 3<>/dev/tcp/$1/1" 2>&1) || true
[[ $output == *refused* ]]
