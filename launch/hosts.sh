#!/usr/bin/env bash
# Real hosts on one machine: network namespaces joined by a bridge, each with a name, an address and a share of the
# cores of its own. mpirun reaches them as it reaches a cluster, with an agent in ssh's place.
#
#   launch/hosts.sh COUNT CMD...   makes node01 ... nodeCOUNT, runs CMD on node01, removes them; CMD's status
#   launch/hosts.sh cut NAME       for CMD: takes that host off the network
#   launch/hosts.sh NAME CMD...    what mpirun calls: CMD on that host
#
#   launch/hosts.sh 2 bash -c 'source launch/env.sh
#       ALIGNDET_HOSTFILE=hostfiles/two-nodes.example.txt aligndet_mpirun 8 aligndet-mpi doctor'
#
# ALIGNDET_NETWORK: options of `tc netem` for every host's link, e.g. "delay 50us rate 10gbit".
# Status 69 and one line where this machine does not allow it.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

refuse() {
    echo "hosts: skipped: $1" >&2
    exit 69
}

# Runs a command as the host NAME.
on_host() {
    local name=$1 cores
    shift
    cores=$(cat "$ALIGNDET_HOSTS_FOLDER/$name.cores")
    exec ip netns exec "$ALIGNDET_HOSTS-$name" taskset -c "$cores" unshare --uts \
        bash -c 'hostname "$1"; shift; exec "$@"' host "$name" "$@"
}

# The cores of host number $1 of $2: an equal share, and turns where there are more hosts than cores.
cores_of() {
    local -a cores
    mapfile -t cores < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
        awk -F- '{for (i = $1; i <= $NF; i++) print i}')
    local share=$((${#cores[@]} / $2)) list
    if ((share == 0)); then
        echo "${cores[$((($1 - 1) % ${#cores[@]}))]}"
    else
        list=${cores[*]:$((($1 - 1) * share)):share}
        echo "${list// /,}"
    fi
}

remove_hosts() {
    local space
    for space in $(ip netns list | awk -v prefix="$ALIGNDET_HOSTS-" 'index($1, prefix) == 1 {print $1}'); do
        ip netns pids "$space" | xargs -r kill -9 2>/dev/null || true
        ip netns delete "$space" 2>/dev/null || true
        rm -rf "/etc/netns/$space"
    done
    rm -rf "$ALIGNDET_HOSTS_FOLDER"
}

make_hosts() {
    local count=$1 number other name space switch=$ALIGNDET_HOSTS-switch
    ip netns add "$switch" 2>/dev/null || refuse "the kernel refuses network namespaces"
    ip -n "$switch" link add bridge type bridge 2>/dev/null || refuse "the kernel has no network bridge"
    ip -n "$switch" link set bridge up
    for ((number = 1; number <= count; number++)); do
        name=$(printf 'node%02d' "$number")
        space=$ALIGNDET_HOSTS-$name
        ip netns add "$space"
        mkdir -p "/etc/netns/$space"
        cores_of "$number" "$count" >"$ALIGNDET_HOSTS_FOLDER/$name.cores"
        echo "127.0.0.1 localhost" >"/etc/netns/$space/hosts"
        for ((other = 1; other <= count; other++)); do
            printf '10.231.0.%d node%02d\n' "$other" "$other" >>"/etc/netns/$space/hosts"
        done
        ip -n "$switch" link add "$name" type veth peer name eth0 netns "$space" 2>/dev/null ||
            refuse "the kernel has no virtual Ethernet links"
        ip -n "$switch" link set "$name" master bridge up
        ip -n "$space" link set lo up
        ip -n "$space" link set eth0 up
        ip -n "$space" address add "10.231.0.$number/24" dev eth0
        if [[ -n ${ALIGNDET_NETWORK:-} ]]; then
            # shellcheck disable=SC2086  # several options
            ip netns exec "$space" tc qdisc add dev eth0 root netem $ALIGNDET_NETWORK
        fi
    done
}

if (($# < 2)); then
    echo "usage: launch/hosts.sh COUNT CMD... (COUNT from 2 to 16)" >&2
    exit 64
fi

if [[ $1 == cut ]]; then
    exec ip -n "${ALIGNDET_HOSTS:?no hosts: launch/hosts.sh COUNT CMD... makes some}-switch" link set "$2" down
fi
if [[ $1 == node* ]]; then
    name=$1
    shift
    # Like ssh: the words are joined and read by a shell.
    on_host "$name" bash -c "$*"
fi

if [[ ! $1 =~ ^[0-9]+$ ]] || (($1 < 2 || $1 > 16)); then
    echo "hosts: $1 is not a number of hosts from 2 to 16" >&2
    exit 64
fi
count=$1
shift
if ((EUID != 0)); then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || refuse "only root may make network namespaces"
    exec sudo -n --preserve-env env "PATH=$PATH" "$folder/hosts.sh" "$count" "$@"
fi
if ! command -v ip >/dev/null; then
    command -v apt-get >/dev/null || refuse "there is no ip command, and no apt-get to install iproute2 with"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq iproute2; } >/dev/null 2>&1 ||
        refuse "iproute2 cannot be installed"
fi
export ALIGNDET_HOSTS=aligndet$$
ALIGNDET_HOSTS_FOLDER=$(mktemp -d)
export ALIGNDET_HOSTS_FOLDER
trap remove_hosts EXIT
trap 'exit 143' TERM INT
make_hosts "$count"
export OMPI_MCA_plm_rsh_agent=$folder/hosts.sh
# The namespace has its cores by affinity, which Open MPI's binding would overrule.
export ALIGNDET_BINDING=none
(on_host node01 "$@")
