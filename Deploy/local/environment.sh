# Sourced by provision.sh: writes env/<service>.env and env/operator.env, in the form that bash and systemd both read.
# The files hold passwords: mode 0600 in a folder of mode 0700.
# shellcheck shell=bash

pairs() { # FUNCTION: "identity=...,hr=...", each value made by the function from the entry
    local entry list=()
    for entry in "${SERVICES[@]}"; do list+=("$(schema_of "$entry")=$("$1" "$entry")"); done
    joined "${list[@]}"
}
client_secret_of() { secret "client-$(schema_of "$1")"; }

# The public half (X25519) of a service's sealing key: any 32 random bytes are a private key (RFC 7748), which openssl
# takes as PKCS #8.
sealing_public_of() {
    local key
    key=$(printf '302e020100300506032b656e04220420%s' "$(secret "sealing-$(schema_of "$1")")" | sed 's/../\\x&/g')
    # shellcheck disable=SC2059
    printf "$key" | openssl pkey -inform DER -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n'
}

shared_environment() {
    cat <<ENV
LIENTHONG_PG_HOST="127.0.0.1"
LIENTHONG_PG_PORT="$PG_PORT"
LIENTHONG_PG_DATABASE="lienthong"
LIENTHONG_AMQP_HOST="127.0.0.1"
LIENTHONG_AMQP_PORT="$AMQP_PORT"
LIENTHONG_AMQP_VHOST="lienthong"
LIENTHONG_IDENTITY_URL="$(url_of "$(named identity)")"
LIENTHONG_FEEDS="$(pairs url_of)"
LIENTHONG_REHEARSAL="1"
LIENTHONG_LOG_LEVEL="${LIENTHONG_LOG_LEVEL:-info}"
ENV
}

service_environment() { # ENTRY
    local name
    name=$(schema_of "$1")
    mkdir -p -m 0700 "$RUN/files/$name"
    shared_environment
    cat <<ENV
LIENTHONG_HTTP_HOST="127.0.0.1"
LIENTHONG_HTTP_PORT="$(port_of "$1")"
LIENTHONG_PG_USER="$name"
LIENTHONG_PG_PASSWORD="$(secret "postgres-$name")"
LIENTHONG_PG_OWNER="${name}_owner"
LIENTHONG_PG_OWNER_PASSWORD="$(secret "postgres-${name}_owner")"
LIENTHONG_PG_CONNECTIONS="8"
LIENTHONG_AMQP_USER="$name"
LIENTHONG_AMQP_PASSWORD="$(secret "rabbitmq-$name")"
LIENTHONG_CLIENT_SECRET="$(client_secret_of "$1")"
LIENTHONG_FILES_DIR="$RUN/files/$name"
LIENTHONG_SEALING_KEY="$(secret "sealing-$name")"
LIENTHONG_SEALING_PUBLIC="$(pairs sealing_public_of)"
LIENTHONG_RECEIPT_KEY="$(secret "receipt-$name")"
ENV
    case $name in
        identity)
            printf 'LIENTHONG_CLIENT_SECRETS="%s,integrator=%s"\n' "$(pairs client_secret_of)" \
                "$(secret client-integrator)"
            printf 'LIENTHONG_KEY_SECRET="%s"\n' "$(secret identity-key)"
            ;;
        budget) printf 'LIENTHONG_PAYMENT_SECRET="%s"\n' "$(secret payment)" ;;
        integration) # webhooks may go to this machine: a rehearsal's subscribers are here
            printf 'LIENTHONG_SUBSCRIPTION_SECRET="%s"\n' "$(secret subscriptions)"
            printf 'LIENTHONG_MANAGEMENT_URL="http://127.0.0.1:%s"\n' "$MANAGEMENT_PORT"
            printf 'LIENTHONG_WEBHOOK_NETWORKS="127.0.0.0/8"\n'
            ;;
        mail) # who takes letters to the outside, when there is somebody: given to provision.sh in its environment
            local variable
            for variable in LIENTHONG_SMTP_{RELAY,USER,PASSWORD,AUTHORITIES,FROM}; do
                [[ -z ${!variable-} ]] || printf '%s="%s"\n' "$variable" "${!variable}"
            done
            ;;
    esac
}

# For the programs beside the services: they read everything, play the payment gateway and watch the broker.
operator_environment() {
    shared_environment
    cat <<ENV
LIENTHONG_RUN_DIR="$RUN"
LIENTHONG_PORT_BASE="$PORT_BASE"
LIENTHONG_PG_USER="auditor"
LIENTHONG_PG_PASSWORD="$(secret postgres-auditor)"
LIENTHONG_PG_SUPERUSER_PASSWORD="$(secret postgres)"
LIENTHONG_AMQP_USER="operator"
LIENTHONG_AMQP_PASSWORD="$(secret rabbitmq-operator)"
LIENTHONG_AMQP_MANAGEMENT_PORT="$MANAGEMENT_PORT"
LIENTHONG_PAYMENT_SECRET="$(secret payment)"
ENV
}

integrator_environment() {
    cat <<ENV
LIENTHONG_AMQP_HOST="127.0.0.1"
LIENTHONG_AMQP_PORT="$AMQP_PORT"
LIENTHONG_AMQP_VHOST="lienthong"
LIENTHONG_AMQP_USER="integrator"
LIENTHONG_AMQP_PASSWORD="$(secret rabbitmq-integrator)"
LIENTHONG_EXCHANGE_URL="$(url_of "$(named integration)")"
LIENTHONG_IDENTITY_URL="$(url_of "$(named identity)")"
LIENTHONG_CLIENT="integrator"
LIENTHONG_CLIENT_SECRET="$(secret client-integrator)"
ENV
}

write_environments() {
    local entry
    for entry in "${SERVICES[@]}"; do
        (umask 077; service_environment "$entry" >"$RUN/env/$(schema_of "$entry").env")
    done
    (umask 077; operator_environment >"$RUN/env/operator.env")
    (umask 077; integrator_environment >"$RUN/env/integrator.env")
}
