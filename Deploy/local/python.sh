#!/bin/bash
# Makes .run/venv with the Python packages of tests and checks (pinned, from PyPI) and prints its path.
# Nothing is done when that very list is installed already.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
PACKAGES=(pika==1.4.4 cryptography==50.0.2 schemathesis==4.32.5 "jsonschema[format]==4.26.0" asyncapi3==0.0.2
    aiosmtpd==1.4.6 aio-pika==10.2.1 cloudevents==2.2.0 standardwebhooks==1.1.0)
VENV=$RUN/venv

lock_run_folder
if [[ $(cat "$VENV/lienthong-packages" 2>/dev/null) != "${PACKAGES[*]}" ]]; then
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install -q --disable-pip-version-check "${PACKAGES[@]}" 9>&- >&2
    printf '%s\n' "${PACKAGES[*]}" >"$VENV/lienthong-packages"
fi
printf '%s\n' "$VENV"
