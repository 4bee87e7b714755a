# Transmission 3.00 announces over UDP and IPv6 if the tracker has a name and the machine an address that looks global: so, in a network of
# its own, it gets both.
#   unshare --user --map-root-user --net --mount bash udp6_tracker.sh FOLDER COMMAND...
# COMMAND runs spate. Prints the tracker's /stats.json when a seed has announced, or after a minute.
set -e
folder=$1
shift
ip link set lo up
ip addr add 198.19.0.1/32 dev lo # without it names resolve to nothing of IPv4, and Transmission's RPC does not start
ip -6 addr add 2001:db8::1/128 dev lo nodad
ip -6 route add default dev lo
printf '127.0.0.1 localhost\n2001:db8::1 tracker6.test\n' > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts

mkdir "$folder/content" "$folder/watch" "$folder/config"
head -c 300000 /dev/urandom > "$folder/content/file.bin"
"$@" create "$folder/content/file.bin" -t udp://tracker6.test:6969/announce -o "$folder/watch/file.torrent" > /dev/null
cat > "$folder/config/settings.json" << END
{ "download-dir": "$folder/content", "watch-dir": "$folder/watch", "watch-dir-enabled": true, "bind-address-ipv6": "::", "dht-enabled": false,
  "lpd-enabled": false, "port-forwarding-enabled": false, "rpc-enabled": false, "trash-original-torrent-files": false }
END
"$@" tracker --listen 2001:db8::1 > "$folder/tracker.log" 2>&1 &
tracker=$!
transmission-daemon --foreground --config-dir "$folder/config" --log-debug > "$folder/transmission.log" 2>&1 &
transmission=$!
for _ in $(seq 300); do
    sleep 0.2
    stats=$({ exec 5<> /dev/tcp/2001:db8::1/6969 && printf 'GET /stats.json HTTP/1.1\r\nConnection: close\r\n\r\n' >&5 && cat <&5; } 2> /dev/null) || continue
    grep -q '"seeders": 1' <<< "$stats" && break
done
echo "$stats"
kill -TERM $tracker $transmission
wait $tracker $transmission || true
cat "$folder/transmission.log" >&2
