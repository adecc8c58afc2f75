#!/bin/bash
# Runs a command with the environment of a service or of the operator: with-environment.sh operator|hr|... COMMAND...
# Example: Deploy/local/with-environment.sh hr .build/debug/HRService routes
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
(($# >= 2)) || die "usage: with-environment.sh operator|identity|hr|... COMMAND..."
file=$RUN/env/${1,,}.env
[[ -r $file ]] || die "$file is missing: 'make run' writes it"
set -a
source "$file"
set +a
shift
exec "$@"
