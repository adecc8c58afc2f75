# Sourced by what runs a copy of its own beside the others (PURPOSE=cluster, drill …): .run/PURPOSE, and ports of its own:
# a block of a hundred, by default 500 above, or LIENTHONG_CLUSTER_PORT_BASE.
# shellcheck shell=bash
mapfile -t OWN < <(
    source "$(dirname "${BASH_SOURCE[0]}")/../local/common.sh"
    printf '%s\n%s\n' "$RUN/$PURPOSE" "${LIENTHONG_CLUSTER_PORT_BASE:-$((PORT_BASE + 500))}"
)
export LIENTHONG_RUN_DIR=${OWN[0]} LIENTHONG_PORT_BASE=${OWN[1]}
