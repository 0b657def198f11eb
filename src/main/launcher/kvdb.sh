#!/bin/sh
# kvdb: a durable key-value database. This file is a shell script and, behind it, the jar that it runs.
#
#   JAVA_HOME        the Java to use; else the one on the PATH
#   JAVA_OPTS        options for that Java, for serve, import, export, verify and repair
#   KVDB_JAVA_OPTS   options for that Java, for every command

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
tuning="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto"
[ $# -gt 0 ] || tuning=${JAVA_OPTS:-}
for word in "$@"; do
  case $word in
    serve | import | export | verify | repair)
      tuning=${JAVA_OPTS:-}
      break
      ;;
    get | set | remove | status | gc | completion | help) break ;;
  esac
done

# What Netty and protobuf do is allowed; newer Java warns of it otherwise.
if [ "$major" -ge 23 ]; then
  tuning="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $tuning"
fi

stdout_terminal=false
[ -t 1 ] && stdout_terminal=true
stderr_terminal=false
[ -t 2 ] && stderr_terminal=true

# shellcheck disable=SC2086 # options are words
exec "$java" --add-opens=java.base/java.lang=ALL-UNNAMED $tuning ${KVDB_JAVA_OPTS:-} \
  -Ddev.kvdb.cli.stdout-terminal=$stdout_terminal -Ddev.kvdb.cli.stderr-terminal=$stderr_terminal \
  -cp "$self" dev.kvdb.cli.Kvdb "$@"
exit 1
