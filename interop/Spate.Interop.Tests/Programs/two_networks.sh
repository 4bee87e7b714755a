# Two machines on one cable, with nothing else: network namespaces A and B. One seeds in A and one downloads in B, without tracker, DHT or
# address, so that local discovery alone can bring them together.
#   unshare --user --map-root-user --net --mount bash two_networks.sh 4|6 SEEDER DOWNLOADER FOLDER COMMAND...
# SEEDER and DOWNLOADER are spate or libtorrent; COMMAND runs spate. Prints SAME when B has what A has.
set -e
family=$1 seeder=$2 downloader=$3 folder=$4
shift 4
mount -t tmpfs none /run # where "ip netns" keeps its names; nobody else's
ip netns add A
ip netns add B
ip link add cableA netns A type veth peer name cableB netns B
for side in A B; do
    ip -n $side link set lo up
    if [ "$family" = 4 ]; then
        ip netns exec $side sysctl -qw net.ipv6.conf.all.disable_ipv6=1
        ip -n $side addr add 10.9.0.$([ $side = A ] && echo 1 || echo 2)/24 dev cable$side
    else
        ip -n $side addr add fd77::$([ $side = A ] && echo 1 || echo 2)/64 dev cable$side nodad
    fi
    ip -n $side link set cable$side up
done
# Nor is a cable in use at once, and libtorrent listens for good on what it finds at its start.
for side in A B; do
    until ip -n $side link show cable$side | grep -q 'state UP'; do sleep 0.1; done
done
# The address that the kernel gives itself needs a moment; before that multicast has no source.
while ip -n A -6 addr show tentative | grep -q tentative || ip -n B -6 addr show tentative | grep -q tentative; do sleep 0.1; done

mkdir "$folder/there" "$folder/here"
head -c 3000000 /dev/urandom > "$folder/there/file.bin"
"$@" create "$folder/there/file.bin" -o "$folder/file.torrent" > /dev/null

mkfifo "$folder/hold" # libtorrent's script ends with its input
exec 3<> "$folder/hold"
run() { # SIDE PROGRAM FOLDER COMMAND...
    local side=$1 program=$2 to=$3 any=::
    shift 3
    [ "$family" = 4 ] && any=0.0.0.0
    if [ "$program" = libtorrent ]; then
        LSD=1 exec ip netns exec $side /usr/bin/python3 "$(dirname "$0")/libtorrent_peer.py" "$folder/file.torrent" "$to" $any 7881 <&3
    fi
    exec ip netns exec $side "$@" get "$folder/file.torrent" -o "$to" --seed --no-dht --no-progress --state "$folder/state$side"
}
finish() { # SIDE PROGRAM: waits until it says that it has everything
    local said="100 %\|complete"
    [ "$2" = libtorrent ] && said='^COMPLETE$'
    for _ in $(seq 1200); do
        if grep -q "$said" "$folder/$1.log"; then return; fi
        sleep 0.1
    done
}
run A $seeder "$folder/there" "$@" > "$folder/A.log" 2>&1 &
a=$!
finish A $seeder
run B $downloader "$folder/here" "$@" > "$folder/B.log" 2>&1 &
b=$!
finish B $downloader
kill -TERM $a $b || true # in the background they do not hear SIGINT
wait $a $b || true
if cmp "$folder/there/file.bin" "$folder/here/file.bin"; then
    echo SAME
else
    echo "--- A"; cat "$folder/A.log"
    echo "--- B"; cat "$folder/B.log"
fi
