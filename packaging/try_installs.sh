#!/bin/sh
# Install the wheel as pip, pipx and uv do, beside PyPI's distributions whose packages have the names of ours, and use it:
# a service answers, a command reads what it has counted, and `netledger update` installs a newer one. Takes a Python of an environment with the build tools and uv.
set -eu
cd "$(dirname "$0")/.."
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
folder=$(mktemp -d)
service=
index=
trap '[ -z "$index" ] || kill "$index"; [ -z "$service" ] || { kill "$service"; wait "$service"; } || true; rm -rf "$folder"' EXIT
export UV_TOOL_DIR="$folder/uv" UV_TOOL_BIN_DIR="$folder/uv-bin" PIPX_HOME="$folder/pipx" PIPX_BIN_DIR="$folder/pipx-bin" PIPX_MAN_DIR="$folder/man" PIPX_COMPLETION_DIR="$folder/completions"

try() {  # NAME COMMAND...: netledger as it is called
  name=$1
  shift
  export NETLEDGER_LEDGER_PATH="$folder/$name.db"
  NETLEDGER_SERVER_PORT=$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  export NETLEDGER_SERVER_PORT
  (cd "$folder" && exec "$@" run) >"$folder/$name.log" 2>&1 &
  service=$!
  tries=0
  until "$python" -c 'import sys, urllib.request; assert b"<title>" in urllib.request.urlopen(sys.argv[1]).read()' \
    "http://127.0.0.1:$NETLEDGER_SERVER_PORT/" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { cat "$folder/$name.log"; exit 1; }
    sleep 0.5
  done
  (cd "$folder" && "$@" today --json && "$@" report --output "$folder/$name.html") >/dev/null
  kill "$service"
  wait "$service"
  service=
  echo "$name: installed, and counts"
}

update() {  # NAME COMMAND...: netledger as it is called, to the newer version
  name=$1
  shift
  code=0
  (cd "$folder" && "$@" update --check-only) >/dev/null || code=$?
  [ $code = 100 ]
  (cd "$folder" && "$@" update) >"$folder/$name.log" 2>&1 || { cat "$folder/$name.log"; exit 1; }
  [ "$("$@" --version)" = "netledger $newer" ]
  echo "$name: updated"
}

"$python" -m hatchling build -t wheel -d "$folder" >/dev/null 2>&1
wheel=$(echo "$folder"/*.whl)

newer=999.0.0
project="$folder/index/netledger"
mkdir -p "$folder/newer/clients" "$project"
cp -R pyproject.toml README.md LICENSE exporter reports packaging "$folder/newer"
cp -R clients/python "$folder/newer/clients"
sed -i "s/^__version__ = .*/__version__ = \"$newer\"/" "$folder/newer/exporter/__init__.py"
(cd "$folder/newer" && "$python" -m hatchling build -t wheel -d "$project") >/dev/null 2>&1
file="netledger-$newer-py3-none-any.whl"
echo "<a href=\"$file#sha256=$(sha256sum "$project/$file" | cut -d" " -f1)\">$file</a>" >"$project/index.html"
port=$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m http.server --bind 127.0.0.1 --directory "$folder/index" "$port" >/dev/null 2>&1 &
index=$!
uv=$(dirname "$python")/uv

with_index="env PIP_EXTRA_INDEX_URL=http://127.0.0.1:$port UV_INDEX=http://127.0.0.1:$port PATH=$(dirname "$uv"):$folder/pip/bin:$PATH"

"$python" -m venv "$folder/pip"
"$folder/pip/bin/pip" install --quiet --disable-pip-version-check "$wheel" pipx
try pip "$folder/pip/bin/netledger"
"$folder/pip/bin/pip" install --quiet --disable-pip-version-check --no-deps exporter==0.0.4 reports==0.4.1
try "pip-beside-others" "$folder/pip/bin/netledger"
"$folder/pip/bin/pip" uninstall --quiet --yes exporter reports
try "pip-python-m" "$folder/pip/bin/python" -m netledger

# shellcheck disable=SC2086 # words of a command
update pip-update $with_index "$folder/pip/bin/netledger"

"$folder/pip/bin/pipx" install --quiet "$wheel" >/dev/null
try pipx "$PIPX_BIN_DIR/netledger"
# shellcheck disable=SC2086
update pipx-update $with_index "$PIPX_BIN_DIR/netledger"
"$uv" tool install --quiet "$wheel"
try uv-tool "$UV_TOOL_BIN_DIR/netledger"
# shellcheck disable=SC2086
update uv-tool-update $with_index "$UV_TOOL_BIN_DIR/netledger"
try uvx "$uv" tool run --quiet --from "$wheel" netledger
