# Two machines on one cable, with nothing else: network namespaces A and B. Ours seeds in A and downloads in B, without tracker, DHT or
# address, so that local discovery alone can bring them together.
#   unshare --user --map-root-user --net --mount bash two_networks.sh 4|6 FOLDER COMMAND...
# COMMAND runs spate. Prints SAME when B has what A has.
set -e
family=$1 folder=$2
shift 2
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
# The address that the kernel gives itself needs a moment; before that multicast has no source.
while ip -n A -6 addr show tentative | grep -q tentative || ip -n B -6 addr show tentative | grep -q tentative; do sleep 0.1; done

mkdir "$folder/there" "$folder/here"
head -c 3000000 /dev/urandom > "$folder/there/file.bin"
"$@" create "$folder/there/file.bin" -o "$folder/file.torrent" > /dev/null
ip netns exec A "$@" get "$folder/file.torrent" -o "$folder/there" --seed --no-dht --no-progress --state "$folder/stateA" > "$folder/A.log" 2>&1 &
seeder=$!
for _ in $(seq 600); do
    grep -q "100 %\|complete" "$folder/A.log" && break
    sleep 0.1
done
timeout 90 ip netns exec B "$@" get "$folder/file.torrent" -o "$folder/here" --no-dht --no-progress --state "$folder/stateB" > "$folder/B.log" 2>&1 || true
kill -TERM $seeder # in the background it does not hear SIGINT
wait $seeder || true
if cmp "$folder/there/file.bin" "$folder/here/file.bin"; then
    echo SAME
else
    echo "--- A"; cat "$folder/A.log"
    echo "--- B"; cat "$folder/B.log"
fi
