#!/bin/bash
# opentracker and us under the same load, on the same cores, one after the other in one run; needs root, iproute2, opentracker.
#   compare.sh [throughput|memory|all] [seconds for each load]
# The tracker is bound to one core with one thread for each protocol, the generator to another. "per cpu-s" is answers for each second of
# the tracker's own CPU time, kernel included: that is the figure to compare, since it does not depend on what the generator can do.
# What is sent: announces of peers chosen by chance (torrents by Zipf's law, numwant 30), and
#   "announces"  100 announces : 1 scrape of 10 torrents, connection ids kept (as aquatic's benchmark does it)
#   "real life"  a connect before each announce, and 1 scrape in 50
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
what=${1:-all} seconds=${2:-5}
dotnet build -c Release -v quiet --nologo >/dev/null
bench=$PWD/bin/Release/net10.0/trackerbench
space=spate-bench tracker_ip=198.18.0.1 source=198.18.100.1
cores=($(taskset -pc $$ | sed 's/.*: //; s/-/ /; s/,/ /g'))
tracker_core=${cores[0]} load_core=${cores[1]:-${cores[0]}}
work=$(mktemp -d)
chmod 755 "$work" # opentracker reads its whitelist as nobody
ip netns add $space 2>/dev/null || true
ip -n $space link set lo up
ip -n $space route replace local 198.18.0.0/16 dev lo
pid=
cleanup() { [[ -n $pid ]] && kill "$pid" 2>/dev/null; rm -rf "$work"; ip netns del $space; }
trap cleanup EXIT
inside() { ip netns exec $space "$@"; }

start() { # NAME: fills pid, tcp, udp
    tcp=$((20000 + RANDOM % 20000)) udp=$((tcp + 1))
    case $1 in
        opentracker) inside taskset -c "$tracker_core" opentracker -i $tracker_ip -p $tcp -P $udp -w "$work/hashes" >/dev/null 2>&1 & ;;
        spate) inside taskset -c "$tracker_core" "$bench" serve $tracker_ip $tcp $udp 1 >/dev/null & ;;
    esac
    pid=$!
    sleep 2
    pid=$(pgrep -P $pid || echo $pid)
}
stop() { kill "$pid"; wait 2>/dev/null || true; pid=; } 2>/dev/null
cpu() { awk '{print $14 + $15}' "/proc/$pid/stat"; } # hundredths of a second
anonymous() { awk '/RssAnon/ {print $2}' "/proc/$pid/status"; }
resident() { awk '/VmRSS/ {print $2}' "/proc/$pid/status"; }
load() { # LABEL, then arguments of trackerbench
    local label=$1 before line used
    shift
    before=$(cpu)
    line=$(inside taskset -c "$load_core" "$bench" "$@" --source $source)
    used=$(($(cpu) - before))
    local replies=$(sed 's/.* replies=\([0-9]*\) .*/\1/' <<<"$line")
    printf '%-12s %-26s %9.0f per cpu-s   %s\n' "$name" "$label" "$(bc -l <<<"$replies * 100 / ($used + 0.001)")" "${line#* }"
}

if [[ $what != memory ]]; then
    "$bench" hashes 100000 >"$work/hashes"
    echo "== throughput: 1,000,000 peers in 100,000 torrents"
    for round in 1 2 3; do
        for name in opentracker spate; do
            start $name
            load "fill" udp $tracker_ip:$udp --fill
            load "udp, announces" udp $tracker_ip:$udp --seconds "$seconds"
            load "udp, real life" udp $tracker_ip:$udp --seconds "$seconds" --connects 50 --announces 50 --scrapes 1
            load "http, connection each" http $tracker_ip:$tcp --seconds "$seconds" --window 64
            if [[ $name == spate ]]; then load "http, keep-alive" http $tracker_ip:$tcp --seconds "$seconds" --window 64 --keep-alive; fi
            stop
        done
    done
fi
if [[ $what != throughput ]]; then
    for shape in "1000000 100000" "2000000 1000000"; do
        read -r peers torrents <<<"$shape"
        "$bench" hashes $torrents >"$work/hashes"
        echo "== memory: $peers peers in $torrents torrents"
        for name in opentracker spate; do
            start $name
            idle=$(anonymous)
            inside taskset -c "$load_core" "$bench" udp $tracker_ip:$udp --fill --peers $peers --torrents $torrents --source $source >"$work/out"
            # Requests that were lost are made up for, or peers would be missing from the count.
            inside taskset -c "$load_core" "$bench" udp $tracker_ip:$udp --fill --peers $peers --torrents $torrents --source $source --window 64 >>"$work/out"
            now=$(anonymous)
            printf '%-12s %5.1f bytes a peer   (anonymous %d KiB idle, %d KiB full; resident %d KiB in all)   %s\n' $name \
                "$(bc -l <<<"($now - $idle) * 1024 / $peers")" "$idle" "$now" "$(resident)" "$(tail -1 "$work/out" | sed 's/.*\(replies=[0-9]*\) .*\(lost=[0-9]*\).*/\1 \2/')"
            stop
        done
    done
fi
