#!/bin/sh
# kvdb: a durable key-value database. This file is a shell script and, behind it, the jar that it runs.
#
#   JAVA_HOME        the Java to use; else the one on the PATH
#   JAVA_OPTS        options for that Java, for serve, bench, import, export, verify and repair
#   KVDB_JAVA_OPTS   options for that Java, for every command
#
# Two more files may stand beside this one, and make starts faster: FILE-serve.jsa and FILE-client.jsa, which the build
# makes. Java takes them only if they were made by the same Java from this very file, and does without them otherwise.

fail() {
  echo "kvdb: $1" >&2
  exit 1
}

# Java gives the number of a stream that is closed to the first file that it opens, and would read or write that.
# /dev/null takes the number, open the wrong way round, so that use of the stream is an error.
true 2>/dev/null 3<&0 || exec 0>/dev/null
true 2>/dev/null 3>&1 || exec 1</dev/null
true 3>&2 2>/dev/null || exec 2>/dev/null

self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=$(dirname "$self")/$link ;;
  esac
done
directory=$(CDPATH='' cd -P "$(dirname "$self")" && pwd) || fail "its own directory cannot be entered"
case $directory in
  # Where Java ends one path and begins another.
  *:*) ;;
  *) self=$directory/$(basename "$self") ;;
esac

need="kvdb needs Java 17 or newer"
if [ -n "${JAVA_HOME:-}" ]; then
  java=$JAVA_HOME/bin/java
  [ -x "$java" ] || fail "$need; JAVA_HOME is $JAVA_HOME, which has no bin/java"
else
  java=$(command -v java) || fail "$need; there is none on the PATH, and JAVA_HOME is not set"
  java=$(readlink -f "$java")
fi

# Starting Java only to ask for its version takes longer than a get.
version=
if [ -r "${java%/bin/java}/release" ]; then
  while IFS='=' read -r name value; do
    [ "$name" = JAVA_VERSION ] && version=$value
  done < "${java%/bin/java}/release"
fi
[ -n "$version" ] || version=$("$java" -version 2>&1 | sed -n 's/.* version \("[^"]*"\).*/\1/p')
major=${version#\"}
major=${major%%[!0-9]*}
[ "${major:-0}" -ge 17 ] || fail "$need; $java is of version ${version:-unknown}"

# A short-lived client starts faster with the quick compiler and the small collector.
role=client
[ $# -gt 0 ] || role=serve
for word in "$@"; do
  case $word in
    serve | bench | import | export | verify | repair)
      role=serve
      break
      ;;
    get | set | remove | status | gc | completion | help) break ;;
  esac
done
if [ $role = client ]; then
  tuning="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
else
  tuning=${JAVA_OPTS:-}
fi

# What Netty and protobuf do is allowed; newer Java warns of it otherwise.
if [ "$major" -ge 23 ]; then
  tuning="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $tuning"
fi

archive=
if [ -r "$self-$role.jsa" ]; then
  archive=$self-$role.jsa
  # An archive that does not fit is not worth a warning.
  tuning="-Xshare:auto -Xlog:cds*=off $tuning"
  [ "$major" -lt 25 ] || tuning="-Xlog:aot*=off $tuning"
fi

stdout_terminal=false
[ -t 1 ] && stdout_terminal=true
stderr_terminal=false
[ -t 2 ] && stderr_terminal=true

# shellcheck disable=SC2086 # options are words
exec "$java" --add-opens=java.base/java.lang=ALL-UNNAMED ${archive:+"-XX:SharedArchiveFile=$archive"} \
  $tuning ${KVDB_JAVA_OPTS:-} \
  -Ddev.kvdb.cli.stdout-terminal=$stdout_terminal -Ddev.kvdb.cli.stderr-terminal=$stderr_terminal \
  -cp "$self" dev.kvdb.cli.Kvdb "$@"
exit 1
