// Renders the program that keeps HAProxy's runtime state over a reload or a short restart. Pure.

export interface StateProgramOptions {
  /** The admin socket for people, by which a run is never waited for. */
  readonly socket: string;
  readonly stateFile: string;
  /** The forwarder on this host. */
  readonly forwarderUrl: string;
  /** Holds the line `Authorization: Bearer TOKEN` where the forwarder asks for a token. */
  readonly forwarderHeader?: string;
}

/** Older than this at start, in minutes, a state is worse than none: addresses have other owners by then. */
const FRESH_MINUTES = 5;
/** Longest wait for a new worker, in tenths of a second. */
const RELOAD_TENTHS = 600;

/** Longest silence of HAProxy, in seconds. */
const ANSWER_SECONDS = 10;

/**
 * POSIX shell, for `sh`, with curl and with Perl, which every Debian and Ubuntu has (perl-base is essential
 * there) and which, unlike anything else there, speaks to a socket. Fails, and leaves everything as it is,
 * where it cannot save.
 */
export function renderStateProgram(options: StateProgramOptions): string {
  const { socket, stateFile, forwarderUrl, forwarderHeader = '/etc/iri-lb/forwarder.header' } = options;
  return `#!/bin/sh
# Rendered by iri-lb. Keeps what HAProxy was told at runtime: addresses, weights and states of servers.
#   prepare      before HAProxy starts: what is saved is taken only if it is fresh
#   save         before HAProxy stops
#   started      after HAProxy has started, and so has read what was saved: forgets it, notifies
#   reload PID   saves, reloads the master process PID, waits for the new worker, then as started
#   notify       has the forwarder wake the watch function, which sets what was not saved (maxconn)
set -eu
umask 027
socket=${socket}
state=${stateFile}

# Prints what HAProxy answers to one command. Fails unless it answers to the end.
ask() {
  LC_ALL=C perl -MIO::Socket::UNIX -e '
    my ($path, $command) = @ARGV;
    $SIG{ALRM} = sub { die "$path: no answer within ${ANSWER_SECONDS} s\\n" };
    alarm ${ANSWER_SECONDS};
    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\\n";
    syswrite $socket, "$command\\n" or die "$path: $!\\n";
    my $length;
    while ($length = sysread $socket, my $part, 65536) {
      alarm ${ANSWER_SECONDS};
      print $part;
    }
    defined $length or die "$path: $!\\n";
  ' "$socket" "$1"
}

worker() {
  ask 'show info' | sed -n 's/^Pid: //p' | grep .
}

# A state of no servers: HAProxy 2.6 warns of a file that is missing or empty, but starts all the same.
forget() {
  { echo 1 >"$state.new" && mv "$state.new" "$state"; } || rm -f "$state" "$state.new"
}

prepare() {
  if [ -z "$(find "$state" -mmin -${FRESH_MINUTES} -size +0 2>/dev/null)" ]; then
    forget
  fi
}

save() {
  # An answer that is an error, or cut off, is no state: a whole one ends with an empty line.
  if ! ask 'show servers state' >"$state.new" ||
    [ "$(head -n 1 "$state.new")" != 1 ] || [ -n "$(tail -n 1 "$state.new")" ]; then
    rm -f "$state.new"
    echo "no servers state from $socket; is HAProxy running, with this socket at level admin?" >&2
    return 1
  fi
  mv "$state.new" "$state"
}

# The file is there where the forwarder asks for a token: one line, \`Authorization: Bearer TOKEN\`.
notify() {
  set --
  [ ! -r ${forwarderHeader} ] || set -- -H @${forwarderHeader}
  curl -fsS -m 5 --retry 2 --retry-connrefused --retry-max-time 5 -o /dev/null -X POST ${forwarderUrl}/notify "$@" ||
    echo 'the forwarder was not reached; the next resync does its work' >&2
}

# What is read by any later reload (the master's own \`reload\`, kill -USR2) must not be of long ago.
started() {
  forget || echo "$state could not be emptied; the next reload not made by systemctl takes it for new" >&2
  notify
}

# Old workers may still answer, more than one after reloads in a row; new is who was no child of the master.
is_new() {
  case " $before " in *" $1 "*) return 1 ;; esac
}

reload() {
  save
  before=$(worker) || {
    echo "nobody says on $socket who answers; nothing is reloaded" >&2
    return 1
  }
  before="$before $(cat "/proc/$1/task/$1/children" 2>/dev/null)" || true
  kill -USR2 "$1"
  tries=0
  until after=$(worker 2>/dev/null) && is_new "$after"; do
    tries=$((tries + 1))
    if [ "$tries" -ge ${RELOAD_TENTHS} ]; then
      echo "no new worker answers on $socket; see the journal of haproxy" >&2
      return 1
    fi
    sleep 0.1
  done
  started
}

case "\${1:-}" in
prepare | save | started | notify) "$1" ;;
reload) reload "$2" ;;
*)
  echo 'usage: prepare | save | reload PID | started | notify' >&2
  exit 2
  ;;
esac
`;
}
