#!/bin/bash
# opentracker and us under the same load, on the same cores, in one run; needs root, iproute2, opentracker.
#   compare.sh [throughput|memory|all|http] [seconds for each load] [rounds]       http: our ways of serving it, and Kestrel beside them
#   TRACKLOAD=FILE compare.sh ...         another load generator beside ours, to see whether they agree
# Both trackers run at once, bound to one core with one thread for each protocol, and are asked in turn; the generator has another core. "per cpu-s"
# is answers for each second of the tracker's own CPU time, kernel included: the figure to compare, since it does not depend on what the generator
# can do. What is sent: announces of peers chosen by chance (torrents by Zipf's law, numwant 30, a quarter of the peers seeds), and
#   "announces"   100 announces : 1 scrape of 10 torrents, connection ids kept, 8 clients that announce much (as aquatic's benchmark does it)
#   "real life"   a connect before each announce, and 1 scrape in 50
#   "512 clients" the first one from 512 addresses, one request of each on the way
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
what=${1:-all} seconds=${2:-3} rounds=${3:-5}
[[ -n ${NO_BUILD-} ]] || dotnet build -c Release -v quiet --nologo >/dev/null
bench=$PWD/bin/Release/net10.0/trackerbench
space=spate-bench-$$ source=198.18.100.1
cores=($(taskset -pc $$ | sed 's/.*: //; s/-/ /; s/,/ /g'))
tracker_core=${cores[0]} load_core=${cores[1]:-${cores[0]}}
work=$(mktemp -d)
chmod 755 "$work" # opentracker reads its whitelist as nobody
ip netns add $space
ip -n $space link set lo up
ip -n $space route replace local 198.18.0.0/16 dev lo
declare -A pid=() address=([opentracker]=198.18.0.1 [spate]=198.18.0.2 [portable]=198.18.0.3 [kestrel]=198.18.0.4)
tcp=6969 udp=6970
cleanup() {
    for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
    rm -rf "$work"
    ip netns del $space
}
trap cleanup EXIT
inside() { ip netns exec $space "$@"; }

start() { # NAME
    case $1 in
        opentracker) ip netns exec $space taskset -c "$tracker_core" opentracker -i "${address[$1]}" -p $tcp -P $udp -w "$work/hashes" >/dev/null 2>&1 & ;;
        spate) ip netns exec $space taskset -c "$tracker_core" "$bench" serve "${address[$1]}" $tcp $udp >/dev/null & ;;
        portable) ip netns exec $space taskset -c "$tracker_core" "$bench" serve "${address[$1]}" $tcp $udp portable >/dev/null & ;;
        kestrel) ip netns exec $space taskset -c "$tracker_core" "$bench" kestrel "${address[$1]}" $tcp >/dev/null & ;;
    esac
    pid[$1]=$! # ip and taskset become the program
    sleep 2
}
stop() {
    kill "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null || true
    unset "pid[$1]"
}
cpu() { awk '{print $14 + $15}' "/proc/${pid[$1]}/stat"; } # hundredths of a second
anonymous() { awk '/RssAnon/ {print $2}' "/proc/${pid[$1]}/status"; }
resident() { awk '/VmRSS/ {print $2}' "/proc/${pid[$1]}/status"; }
field() { sed -n "s/.*$1=\([0-9.]*\).*/\1/p"; }

load() { # NAME, LABEL, protocol, then options of trackerbench; the figure is kept for the table of medians
    local name=$1 label=$2 protocol=$3 port=$udp before line used replies each
    shift 3
    [[ $protocol == http ]] && port=$tcp
    before=$(cpu "$name")
    line=$(inside taskset -c "$load_core" "${GENERATOR:-$bench}" "$protocol" "${address[$name]}:$port" "$@" --source ${GENERATOR_SOURCE:-$source})
    used=$(($(cpu "$name") - before))
    replies=$(field replies <<<"$line")
    each=$(awk "BEGIN { printf \"%.0f\", $replies * 100 / ($used + 0.001) }")
    echo "$each $(field replies_per_s <<<"$line")" >>"$work/$label.$name"
    printf '%-12s %-26s %8d per cpu-s   %s\n' "$name" "$label" "$each" "${line#* }"
}
# Each load first on the one, then on the other, so that what the machine does meanwhile meets both.
both() { for name in opentracker spate; do load $name "$@"; done; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

if [[ $what == http ]]; then
    echo "== HTTP announces to an empty tracker, 100 torrents"
    for name in spate portable kestrel; do start $name; done
    for ((round = 0; round <= rounds; round++)); do
        for name in spate portable kestrel; do
            ((round > 0)) || { load $name "warming up" http --seconds 3 --torrents 100 --peers 2000 --window 64 --keep-alive; continue; }
            load $name "connection each" http --seconds "$seconds" --torrents 100 --peers 2000 --window 64
            load $name "keep-alive" http --seconds "$seconds" --torrents 100 --peers 2000 --window 64 --keep-alive
        done
    done
    for label in "connection each" "keep-alive"; do
        for name in spate portable kestrel; do printf '%-18s %-10s median %7d per cpu-s\n' "$label" $name "$(median <"$work/$label.$name")"; done
    done
    exit
fi
if [[ $what != memory ]]; then
    "$bench" hashes 100000 >"$work/hashes"
    [[ -n ${TRACKLOAD-} ]] && "$TRACKLOAD" hashes 100000 >>"$work/hashes"
    echo "== throughput: 1,000,000 peers in 100,000 torrents"
    start opentracker
    start spate
    both "fill" udp --fill
    for ((round = 1; round <= rounds; round++)); do
        both "udp, announces" udp --seconds "$seconds"
        both "udp, real life" udp --seconds "$seconds" --connects 50 --announces 50 --scrapes 1
        both "udp, 512 clients" udp --seconds "$seconds" --sockets 512
        both "http, connection each" http --seconds "$seconds" --window 64
        both "http, keep-alive" http --seconds "$seconds" --window 64 --keep-alive # opentracker closes all the same
        if [[ -n ${TRACKLOAD-} ]]; then
            GENERATOR=$TRACKLOAD GENERATOR_SOURCE=198.18.100 both "udp, the other generator" udp \
                --seconds "$seconds" --window 512 --torrents 100000 --peers 1000000 --numwant 30 --event none
        fi
    done
    echo "== medians: answers per cpu-s of the tracker (answers a second)"
    for file in "$work"/*.opentracker; do
        label=$(basename "$file" .opentracker)
        theirs=$(median <"$file") ours=$(median <"$work/$label.spate")
        printf '%-26s opentracker %7d (%6d)   spate %7d (%6d)   ratio %s\n' "$label" "$theirs" "$(cut -d' ' -f2 "$file" | median)" \
            "$ours" "$(cut -d' ' -f2 "$work/$label.spate" | median)" "$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")"
    done
    stop opentracker
    stop spate
fi
if [[ $what != throughput ]]; then
    for shape in "1000000 100000" "2000000 1000000"; do
        read -r peers torrents <<<"$shape"
        "$bench" hashes "$torrents" >"$work/hashes"
        echo "== memory: $peers peers in $torrents torrents"
        for name in opentracker spate; do
            start $name
            idle=$(anonymous $name)
            inside taskset -c "$load_core" "$bench" udp ${address[$name]}:$udp --fill --peers "$peers" --torrents "$torrents" --source $source >"$work/out"
            # Requests that were lost are made up for, or peers would be missing from the count.
            inside taskset -c "$load_core" "$bench" udp ${address[$name]}:$udp --fill --peers "$peers" --torrents "$torrents" --source $source --window 64 >>"$work/out"
            now=$(anonymous $name)
            printf '%-12s %5.1f bytes a peer   (anonymous %d KiB idle, %d KiB full; resident %d KiB in all)   %s\n' $name \
                "$(bc -l <<<"($now - $idle) * 1024 / $peers")" "$idle" "$now" "$(resident $name)" "$(tail -1 "$work/out" | sed 's/.*\(replies=[0-9]*\) .*\(lost=[0-9]*\).*/\1 \2/')"
            stop $name
        done
    done
fi
