#!/bin/sh
# Run a command so that it may make network namespaces: as it is for root, else as root of user, network and mount
# namespaces of its own. Where an ordinary user may not make these, the command runs as it is and says what it skips.
if [ "$(id -u)" = 0 ] || ! command -v ip >/dev/null || ! unshare -Urnm true 2>/dev/null; then
  exec "$@"
fi
# `ip netns` keeps its names in /run/netns. /run of its own hides the machine's sockets too, which no test needs.
# shellcheck disable=SC2016 # $@ is the inner shell's
exec unshare -Urnm sh -c 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"' sh "$@"
