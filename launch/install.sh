#!/usr/bin/env bash
# Installs what the program builds on and runs with, where it is missing: Debian 12's packages, asking for sudo only
# when not root. Elsewhere (a cluster's modules) it names what has to be there and goes on.
set -euo pipefail

packages=(openmpi-bin libopenmpi-dev libopenblas-openmp-dev libdnnl-dev libjpeg-dev libpng-dev libzstd-dev zstd)

if ! command -v swift >/dev/null; then
    echo "install: Swift 6.3 is missing; get it from swift.org and put it on the PATH" >&2
    exit 78
fi

if ! command -v dpkg-query >/dev/null; then
    echo "install: not a Debian system; these must be there: MPI 3, OpenBLAS (OpenMP flavour), oneDNN 2, libjpeg," \
        "libpng, libzstd" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    if [[ $state != installed ]]; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "install: as root, run: apt-get install ${missing[*]}" >&2
        exit 78
    fi
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
