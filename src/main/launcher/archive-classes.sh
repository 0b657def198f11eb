#!/bin/sh
#
# Makes the archives of classes that the launcher gives to Java: from a start of the server, and from one client command.
#
#   archive-classes.sh KVDB     the launcher
#   JAVA_HOME                   the Java that the archives are for; else the one on the PATH
#
# Leaves KVDB-serve.jsa and KVDB-client.jsa beside it. Where that fails there are none, and it says why.
set -eu

kvdb=$1
while [ -h "$kvdb" ]; do
  link=$(readlink "$kvdb")
  case $link in
    /*) kvdb=$link ;;
    *) kvdb=$(dirname "$kvdb")/$link ;;
  esac
done
kvdb=$(CDPATH='' cd -P "$(dirname "$kvdb")" && pwd)/$(basename "$kvdb")
server=
work=$(mktemp -d)

finish() {
  if [ -n "$server" ]; then
    # A shell that was not yet replaced by Java may lose any other signal, and this one would wait for ever.
    kill -9 "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

give_up() {
  echo "no archives of classes, so starts take longer: $1" >&2
  cat "$work"/*.txt >&2
  exit 1
}

# Nothing that the caller has set for servers of his own holds here, nor does a configuration in his directory.
for variable in $(env | sed -nE 's/^((KVDB|QUARKUS)_[A-Z0-9_]*)=.*/\1/p') JAVA_OPTS ADDRESS DB_PATH; do
  unset "$variable"
done
cd "$work"
rm -f "$kvdb-serve.jsa" "$kvdb-client.jsa"

# Java's warnings of classes that cannot be archived are for a failure only.
archiving="-XX:-UsePerfData -Xlog:disable -Xlog:all=warning:file"
# Read before the server may have made it.
: >server.txt
JAVA_OPTS="$archiving=java-serve.txt -XX:ArchiveClassesAtExit=serve.jsa" "$kvdb" serve \
  -D quarkus.http.port=0 -D quarkus.grpc.server.port=0 -D kvdb.data-directory=data -D kvdb.storage.reserve-size=0 \
  -D kvdb.shutdown.grace-period=1s >server.txt 2>&1 &
server=$!

# "... serving gRPC on HOST:PORT, HTTP on HOST:PORT"
tenths=0
address=
while [ -z "$address" ]; do
  address=$(sed -n 's/.* serving gRPC on \([^ ]*\), HTTP on .*/\1/p' server.txt)
  kill -0 "$server" 2>/dev/null || give_up "the server ended"
  [ $tenths -lt 3000 ] || give_up "the server does not start"
  tenths=$((tenths + 1))
  sleep 0.1
done
"$kvdb" --server "$address" set 1 archived >client.txt 2>&1 || give_up "the server takes no value"
KVDB_JAVA_OPTS="$archiving=java-client.txt -XX:ArchiveClassesAtExit=client.jsa" \
  "$kvdb" --server "$address" get 1 >client.txt 2>&1 || give_up "the server returns no value"
kill "$server"
wait "$server" || true
server=
for role in serve client; do
  [ -s "$role.jsa" ] || give_up "Java made none for $role"
done
mv serve.jsa "$kvdb-serve.jsa"
mv client.jsa "$kvdb-client.jsa"
