# Servers that are measured, in turns: how they are started, where Troupe's cluster comes from, what CPU they take, and that
# nothing of them is left behind. For scripts/bench and scripts/lib/bench-http, which define turn(), a system's in a round.
# To be sourced after common.sh.
# shellcheck shell=bash disable=SC2034
: "${root:?source common.sh first}"

warmup_seconds=2
start_seconds=30 # until a fresh cluster serves
stop_seconds=15  # a clean end of all servers
load_seconds=300 # all items
grace_seconds=60 # a client's beginning and end, beside what it measures

# What options of the scripts change.
seconds=10
rounds=3
systems=()
out=$root/data/bench
items=20000
clients=64
size=1000
port=27100
programs=

logs=           # folder of what the servers said
results=        # file of all runs, a line each
troupe=         # the program
data=           # folder of the servers' files of this turn
servers=()      # what was started, each the leader of a process group
measured=()     # all processes whose CPU time counts
at=             # where the client asks
client_process= # the client, while it runs

number() {
  [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || die "$1 wants a whole number above 0; see --help"
}

# choose LIST KNOWN...: the systems of a list with commas, each of which is known.
choose() {
  local one known=" ${*:2} "
  IFS=, read -r -a systems <<<"$1"
  [ "${#systems[@]}" -gt 0 ] || die "--only wants at least one of $(IFS=/ && printf '%s' "${*:2}")"
  for one in "${systems[@]}"; do
    [[ $known == *" $one "* ]] || die "unknown system '$one': there are ${*:2}"
  done
}

# start NAME COMMAND...: in a process group of its own, so that a Ctrl-C reaches this script alone.
start() {
  local name=$1
  shift
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null &
  servers+=($!)
}

any_alive() {
  local pid
  for pid in "${servers[@]}"; do
    ! kill -0 -- "-$pid" 2>/dev/null || return 0
  done
  return 1
}

# Whatever is left after a clean end's time is killed, so nothing outlives this script.
stop_servers() {
  local pid deadline=$((SECONDS + stop_seconds))
  for pid in "${servers[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
  done
  while any_alive && [ $SECONDS -lt $deadline ]; do
    sleep 0.05
  done
  for pid in "${servers[@]}"; do
    if kill -KILL -- "-$pid" 2>/dev/null; then
      say "a server did not end within $stop_seconds s and was killed; see $logs"
    fi
    wait "$pid" 2>/dev/null || true
  done
  servers=()
  measured=()
  [ -z "$data" ] || rm -rf "$data"
  data=
}

# shellcheck disable=SC2317 # called by a trap
clean_up() {
  if [ -n "$client_process" ]; then
    kill -TERM "$client_process" 2>/dev/null || true
    wait "$client_process" 2>/dev/null || true
    client_process=
  fi
  stop_servers
}

# shellcheck disable=SC2317 # called by a trap
end_by_signal() {
  trap '' INT TERM HUP
  say ""
  say "Stopping the servers; what was measured so far is in $results"
  exit 130 # and the trap for EXIT cleans up
}

fail() {
  say "scripts/bench: $1"
  local log
  for log in "$logs"/*; do
    [ -s "$log" ] || continue
    say "The last lines of $log:"
    tail -n 5 "$log" >&2
  done
  exit 1
}

check_ports() {
  local one
  for ((one = port; one < port + 50; ++one)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$one") 2>/dev/null; then
      die "port $one is taken; choose others with --port"
    fi
  done
}

check_port_option() {
  if [ $((port % 10)) != 0 ] || [ "$port" -gt 65000 ]; then
    die "--port wants a multiple of 10, at most 65000"
  fi
}

# All turns of all rounds. Rounds begin with another system each.
measure_all() {
  local round i
  check_ports
  logs=$out/logs
  results=$out/results.csv
  mkdir -p "$logs"
  rm -f "$logs"/*.log "$results" "$out/summary.txt"
  trap clean_up EXIT
  trap end_by_signal INT TERM HUP
  for ((round = 1; round <= rounds; ++round)); do
    for ((i = 0; i < ${#systems[@]}; ++i)); do
      local system=${systems[(i + round - 1) % ${#systems[@]}]}
      say "Round $round of $rounds: $system"
      data=$(mktemp -d "$out/data.XXXXXX")
      turn "$round" "$system"
      stop_servers
      sync # else the next in turn would pay for what this one left to write
    done
  done
  python3 "$root/tests/bench/summary.py" "$results" | tee "$out/summary.txt"
}

# start_troupe [SED_EXPRESSION...]: config/three-zones.yaml with other ports and directories, without the DynamoDB API
# unless an expression has changed that before.
start_troupe() {
  local file=$data/bench.yaml deadline=$((SECONDS + start_seconds)) expression changes=()
  for expression in "$@"; do
    changes+=(-e "$expression")
  done
  sed -E "${changes[@]}" -e 's/^cluster: .*/cluster: bench/' -e "s|data: [^ ]*/(n[123])\b|data: $data/\1|" \
    -e "s|^( *directory: )[^ ]*/archive\b|\1$data/archive|" \
    -e "s/^( *port: *)710([0-9]).*/\1$((port / 10 + 2))\2/" -e "s/^( *metrics: *)720([0-9]).*/\1$((port / 10 + 3))\2/" \
    -e 's/^( *http: *)800[0-9].*/\10/' "$root/config/three-zones.yaml" >"$file"
  start troupe "$troupe" up "$file"
  at=127.0.0.1:$((port + 21))
  until "$troupe" status --at "$at" >/dev/null 2>&1; do
    kill -0 "${servers[0]}" 2>/dev/null || fail "the cluster of Troupe has ended"
    [ $SECONDS -lt $deadline ] || fail "the cluster of Troupe did not start"
    sleep 0.1
  done
  mapfile -t measured < <(cat "/proc/${servers[0]}/task/"*/children | tr ' ' '\n' | grep .)
  [ ${#measured[@]} = 3 ] || fail "the cluster of Troupe has ${#measured[@]} processes, not 3"
  measured+=("${servers[0]}")
}

# run_client SECONDS COMMAND...: waits in a way that signals can interrupt.
run_client() {
  local limit=$1
  shift
  timeout -k 5 "$limit" "$@" >>"$logs/client.log" 2>&1 </dev/null &
  client_process=$!
  local code=0
  wait "$client_process" || code=$?
  client_process=
  [ $code = 0 ] || fail "the client failed with code $code: ${*##*/}"
}

# Ticks of CPU that this machine has spent, and those of all processes that this shell has waited for: between two
# calls the only large one of these is the client.
machine_ticks() { awk '$1 == "cpu" {print $2 + $3 + $4 + $7 + $8 + $9; exit}' /proc/stat; }
client_ticks() { awk '{print $16 + $17}' "/proc/$$/stat"; }

# cores TICKS NANOSECONDS
cores() { awk -v ticks="$1" -v ns="$2" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.3f", ticks / hz / (ns / 1e9)}'; }

# Ticks that the measured processes have taken so far. The name in the second field may hold anything but the last ")".
server_ticks() {
  local pid sum=0 line
  for pid in "${measured[@]}"; do
    line=$(<"/proc/$pid/stat") || fail "process $pid has ended"
    line=${line##*) }
    # shellcheck disable=SC2086 # into words
    set -- $line
    sum=$((sum + ${12} + ${13}))
  done
  printf '%s' $sum
}
