# Sourced: the broker's definitions: vhost, event exchange, and one user a service with exactly its rights.
# RabbitMQ imports them at boot, provision.sh sends them to a running one; there is no guest.
# shellcheck shell=bash

# rabbit_sha256 of a password: base64 of salt, then SHA-256 of salt and password.
password_hash() {
    local salt
    salt=$(secret "salt-$1" | cut -c1-8 | sed 's/../\\x&/g')
    # shellcheck disable=SC2059
    { printf "$salt"; { printf "$salt"; secret "$1"; } | openssl dgst -sha256 -binary; } | openssl base64 -A
}

broker_user() { # NAME TAGS
    printf '{"name":"%s","password_hash":"%s","hashing_algorithm":"rabbit_password_hashing_sha256","tags":"%s"}' \
        "$1" "$(password_hash "rabbitmq-$1")" "$2"
}

joined() { local IFS=,; printf '%s' "$*"; }

write_definitions() {
    local users=() permissions=() topics=() entry name shared='lienthong\\.events'
    users+=("$(broker_user operator administrator)")
    permissions+=('{"user":"operator","vhost":"lienthong","configure":".*","write":".*","read":".*"}')
    permissions+=('{"user":"operator","vhost":"/","configure":".*","write":".*","read":".*"}')
    # Reads every event through queues of its own, publishes nothing: the integrators' example.
    users+=("$(broker_user integrator "")")
    permissions+=("{\"user\":\"integrator\",\"vhost\":\"lienthong\",\"configure\":\"^integrator\\\\..*\$\",\
\"write\":\"^integrator\\\\..*\$\",\"read\":\"^($shared|integrator\\\\..*)\$\"}")
    topics+=('{"user":"integrator","vhost":"lienthong","exchange":"lienthong.events","write":"^$","read":".*"}')
    for entry in "${SERVICES[@]}"; do
        name=$(schema_of "$entry")
        users+=("$(broker_user "$name" "")")
        permissions+=("{\"user\":\"$name\",\"vhost\":\"lienthong\",\"configure\":\"^$name(\\\\..*)?\$\",\
\"write\":\"^($shared|$name(\\\\..*)?)\$\",\"read\":\"^($shared|$name(\\\\..*)?)\$\"}")
        topics+=("{\"user\":\"$name\",\"vhost\":\"lienthong\",\"exchange\":\"lienthong.events\",\
\"write\":\"^$name\\\\.\",\"read\":\".*\"}")
    done
    cat <<JSON
{
  "vhosts": [{"name": "/"}, {"name": "lienthong"}],
  "users": [$(joined "${users[@]}")],
  "permissions": [$(joined "${permissions[@]}")],
  "topic_permissions": [$(joined "${topics[@]}")],
  "policies": [{"vhost": "lienthong", "name": "integrator", "pattern": "^integrator\\\\.", "apply-to": "queues",
    "priority": 1, "definition": {"max-length": 200000, "overflow": "drop-head", "expires": 604800000}}],
  "exchanges": [{"name": "lienthong.events", "vhost": "lienthong", "type": "topic", "durable": true,
    "auto_delete": false, "internal": false, "arguments": {}}]
}
JSON
}
