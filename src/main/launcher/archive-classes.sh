#!/bin/sh
#
# Makes the archives of classes that the launcher gives to Java: from a start of the server, and from one client command.
#
#   archive-classes.sh KVDB DIRECTORY     the launcher; a directory of its own for the server's data, which is removed
#   JAVA_HOME                             the Java that the archives are for; else the one on the PATH
#
# Leaves KVDB-serve.jsa and KVDB-client.jsa. Where the server does not start, there are none, and it says why.
set -eu

mkdir -p "$2"
work=$(cd "$2" && pwd)
# Options of Java are split at spaces, so that the path must not be in them.
cd "$(dirname "$1")"
name=$(basename "$1")
kvdb=./$name
server=
rm -f "$name-serve.jsa" "$name-client.jsa"
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

# Not what the caller has set for servers of his own.
for variable in $(env | sed -nE 's/^((KVDB|QUARKUS)_[A-Z0-9_]*)=.*/\1/p') JAVA_OPTS ADDRESS DB_PATH; do
  unset "$variable"
done

archiving="-XX:ArchiveClassesAtExit="
JAVA_OPTS="$archiving$name-serve.jsa -Xlog:cds*=off" "$kvdb" serve \
  -D quarkus.http.port=0 -D quarkus.grpc.server.port=0 -D kvdb.data-directory="$work/data" \
  -D kvdb.storage.reserve-size=0 >"$work/server.txt" 2>&1 &
server=$!

# "... serving gRPC on HOST:PORT, HTTP on HOST:PORT"
tenths=0
address=
while [ -z "$address" ]; do
  address=$(sed -n 's/.* serving gRPC on \([^ ]*\), HTTP on .*/\1/p' "$work/server.txt")
  if ! kill -0 "$server" 2>/dev/null || [ $tenths -ge 600 ]; then
    echo "no archives of classes, so starts take longer: the server did not start:" >&2
    cat "$work/server.txt" >&2
    exit 1
  fi
  tenths=$((tenths + 1))
  sleep 0.1
done
"$kvdb" --server "$address" set 1 archived
KVDB_JAVA_OPTS="$archiving$name-client.jsa -Xlog:cds*=off" "$kvdb" --server "$address" get 1 >"$work/client.txt" 2>&1
kill "$server"
wait "$server" || true
server=
for archive in "$name-serve.jsa" "$name-client.jsa"; do
  [ -s "$archive" ] || {
    echo "no archive of classes $archive, so starts take longer:" >&2
    cat "$work"/*.txt >&2
    exit 1
  }
done
