#!/bin/bash
# Prints what tests must know of this run folder's servers, as lines for `eval` or `.`: ports, passwords, folder.
# The PostgreSQL user is the superuser postgres, the broker's user is the administrator "operator".
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat <<ENV
LIENTHONG_TEST_PG_PORT="$PG_PORT"
LIENTHONG_TEST_PG_PASSWORD="$(secret postgres)"
LIENTHONG_TEST_AMQP_PORT="$AMQP_PORT"
LIENTHONG_TEST_AMQP_USER="operator"
LIENTHONG_TEST_AMQP_PASSWORD="$(secret rabbitmq-operator)"
LIENTHONG_TEST_AMQP_MANAGEMENT_PORT="$MANAGEMENT_PORT"
LIENTHONG_TEST_RUN_DIR="$RUN"
ENV
