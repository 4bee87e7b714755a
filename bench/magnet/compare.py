#!/usr/bin/python3
"""Time from a magnet link to its metadata on the loopback: Spate and libtorrent in the same run, one after the other in turn.

A DHT of libtorrent nodes, of which each side knows one; a libtorrent seeder that only the DHT knows. Each round has a torrent of its own.
Prints the median and the range of both, for a session that runs already and for a new one. Needs python3-libtorrent and
  dotnet build -c Release bench/magnet
Usage: compare.py [ROUNDS] [NODES]
"""
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import libtorrent as lt

warnings.simplefilter("ignore")  # status() is old, and still the only way to count nodes
warm_up = 5
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
prefix = "127.%d" % random.randrange(128, 250)
here = os.path.dirname(os.path.abspath(__file__))


def address(node):
    return "%s.%d.1" % (prefix, node)


def session(ip, port, bootstrap=""):
    return lt.session({
        "listen_interfaces": "%s:%d" % (ip, port), "outgoing_interfaces": ip, "dht_bootstrap_nodes": bootstrap,
        "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.dht_operation_notification,
    })


def until(what, condition, seconds=60, pause=0.05):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("compare.py: waited %d s in vain for %s" % (seconds, what))
        time.sleep(pause)


def fetch(client, magnet, folder):
    """Milliseconds until libtorrent has the metadata; it is looked at every half millisecond."""
    begin = time.monotonic()
    parameters = lt.parse_magnet_uri(magnet)
    parameters.save_path = folder
    handle = client.add_torrent(parameters)
    until("libtorrent to have the metadata", lambda: handle.status().has_metadata, pause=0.0005)
    taken = (time.monotonic() - begin) * 1000
    client.remove_torrent(handle)
    return taken


def is_found(info_hash):
    """Whether another node finds the seeder; asked until it does."""
    nodes[2].dht_get_peers(info_hash)
    time.sleep(0.2)
    return any(isinstance(a, lt.dht_get_peers_reply_alert) and a.info_hash == info_hash and a.num_peers() > 0 for a in nodes[2].pop_alerts())


def show(name, times):
    print("%-22s %8.1f ms   %8.1f to %.1f" % (name, statistics.median(times), min(times), max(times)))


nodes = [session(address(i), 6881) for i in range(1, count + 1)]
for i, node in enumerate(nodes, 1):
    for other in random.sample([o for o in range(1, count + 1) if o != i], min(12, count - 1)):
        node.add_dht_node((address(other), 6881))
until("the DHT", lambda: all(n.status().dht_nodes >= min(8, count - 1) for n in nodes))

theirs = session(prefix + ".1.66", 6881, address(1) + ":6881")
until("libtorrent to join the DHT", lambda: theirs.status().dht_nodes >= min(8, count - 1))
ours = subprocess.Popen(
    ["dotnet", os.path.join(here, "bin/Release/net10.0/Spate.Bench.Magnet.dll"), prefix + ".1.77", address(1), "6881"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
assert ours.stdout.readline().strip() == "READY"

results, kept = {}, []


def note(name, number, milliseconds):
    if number >= 0:
        results.setdefault(name, []).append(milliseconds)


with tempfile.TemporaryDirectory() as folder:
    for kind in ("warm", "cold"):
        for number in range(-warm_up, rounds):  # those below 0 do not count: code is being compiled
            path = os.path.join(folder, "%s%d.bin" % (kind, warm_up + number))
            with open(path, "wb") as file:
                file.write(os.urandom(3_000_000))
            files = lt.file_storage()
            lt.add_files(files, path)
            torrent = lt.create_torrent(files, piece_size=16 << 10, flags=lt.create_torrent.v1_only)
            lt.set_piece_hashes(torrent, folder)
            info = lt.torrent_info(torrent.generate())
            seeder = nodes[5 + number % (count - 5)]
            handle = seeder.add_torrent({"ti": info, "save_path": folder})
            until("the seeder", lambda: handle.status().is_seeding)
            until("the announce", lambda: is_found(info.info_hash()))
            magnet = "magnet:?xt=urn:btih:" + str(info.info_hash())

            def by_us():
                ours.stdin.write("%s %s\n" % (magnet, kind))
                ours.stdin.flush()
                note("Spate, " + kind, number, float(ours.stdout.readline()))

            def by_them():
                if kind == "warm":
                    taken = fetch(theirs, magnet, folder)
                else:
                    begin = time.monotonic()
                    kept.append(session("%s.2.%d" % (prefix, 100 + number), 6881, address(1) + ":6881"))
                    fetch(kept[-1], magnet, folder)
                    taken = (time.monotonic() - begin) * 1000
                note("libtorrent, " + kind, number, taken)

            for side in ((by_us, by_them) if number % 2 == 0 else (by_them, by_us)):
                side()
            seeder.remove_torrent(handle)

print("from the magnet link to the metadata, %d libtorrent nodes, median of %d" % (count, rounds))
for name in sorted(results):
    show(name, results[name])
ours.stdin.close()
ours.wait(20)
