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

# Commands (Catalogue.commands): who sends which kind of thing to whom. Only the sender may publish it to the exchange
# lienthong.commands, only the addressee may bind a queue to it; nobody else may touch that exchange.
COMMANDS=("onestop citizen-notice mail" "onestop appointment-reminder mail")

# command_rights NAME: "WRITE READ TOPICS": alternatives to add to what the user may write and read, and the entry of its
# topic rights (empty when it has nothing to do with commands).
command_rights() {
    local sender aggregate addressee sends=() takes=() IFS='|'
    for entry in "${COMMANDS[@]}"; do
        IFS=' ' read -r sender aggregate addressee <<<"$entry"
        [[ $sender != "$1" ]] || sends+=("$sender\\\\.$aggregate\\\\.")
        [[ $addressee != "$1" ]] || takes+=("$sender\\\\.$aggregate\\\\.")
    done
    ((${#sends[@]})) && command_write='|lienthong\\.commands' || command_write=
    ((${#takes[@]})) && command_read='|lienthong\\.commands' || command_read=
    command_topics=
    ((${#sends[@]} + ${#takes[@]})) || return 0
    command_topics="{\"user\":\"$1\",\"vhost\":\"lienthong\",\"exchange\":\"lienthong.commands\",\
\"write\":\"^(${sends[*]-})\",\"read\":\"^(${takes[*]-})\"}"
    ((${#sends[@]})) || command_topics=${command_topics/'"write":"^()"'/'"write":"^$"'}
    ((${#takes[@]})) || command_topics=${command_topics/'"read":"^()"'/'"read":"^$"'}
}

write_definitions() {
    local users=() permissions=() topics=() entry name tags shared='lienthong\\.events'
    local command_write command_read command_topics
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
        # The exchange makes queues and users for subscribers, over the management API.
        if [[ $name == integration ]]; then tags=administrator; else tags=; fi
        users+=("$(broker_user "$name" "$tags")")
        command_rights "$name"
        permissions+=("{\"user\":\"$name\",\"vhost\":\"lienthong\",\"configure\":\"^$name(\\\\..*)?\$\",\
\"write\":\"^($shared$command_write|$name(\\\\..*)?)\$\",\"read\":\"^($shared$command_read|$name(\\\\..*)?)\$\"}")
        [[ -z $command_topics ]] || topics+=("$command_topics")
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
    "auto_delete": false, "internal": false, "arguments": {}},
    {"name": "lienthong.commands", "vhost": "lienthong", "type": "topic", "durable": true,
    "auto_delete": false, "internal": false, "arguments": {}}]
}
JSON
}
