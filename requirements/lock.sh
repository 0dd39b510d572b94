#!/bin/sh
# Lock pyproject.toml: exact versions and hashes for Python 3.11 and later on every system, a file a purpose. What a file
# holds is the same in those after it, which leave it out. What is locked stays as it is unless --upgrade says otherwise.
set -eu
cd "$(dirname "$0")/.."
purposes=$1
shift
earlier=

lock() {  # PURPOSE, then what uv shall lock
  file=requirements/$1.txt
  shift
  # shellcheck disable=SC2086 # options, one a word
  "$VENV/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-emit-index-url --custom-compile-command "make lock" --output-file "$file" $earlier "$@"
  # One with a marker is named again: a later purpose may want it where this one does not.
  names=$(sed -nE 's/^([a-z0-9._-]+)==[^ ;]+ \\$/\1/p' "$file")
  earlier="$earlier --constraint $file $(printf -- '--no-emit-package %s ' $names)"
}

for purpose in $purposes; do
  case $purpose in
    run) lock run "$@" pyproject.toml ;;
    build) lock build "$@" - <<BUILD
$("$VENV/bin/python" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')
BUILD
      ;;
    *) lock "$purpose" "$@" --extra "$purpose" pyproject.toml ;;
  esac
done

# The middleware for Python promises older versions than netledger itself: what its tests need there.
"$VENV/bin/uv" pip compile --quiet --universal --python-version 3.9 --generate-hashes --no-annotate --no-emit-index-url \
  --custom-compile-command "make lock" --output-file clients/python/tests.txt "$@" --group clients/python/pyproject.toml:test
