"""A DHT of libtorrent nodes for the interop tests: COUNT PREFIX, where node i listens on PREFIX.i.1:6881 (i from 1).

Prints READY when all know others. Reads commands, a line each, and prints one line for each of them:
  announce NODE HASH                    -> announced, soon (by a torrent without metadata, for the binding has no announce of its own)
  get_peers NODE HASH                   -> peers HOST:PORT ...
  put NODE TEXT                         -> put KEY
  get NODE KEY                          -> item TEXT | nothing
  put_mutable NODE SEED PUBLIC SALT TEXT -> put
  get_mutable NODE PUBLIC SALT          -> item SEQUENCE TEXT | nothing
  seed NODE TORRENT FOLDER              -> seeding
  fetch NODE MAGNET FOLDER              -> fetched MILLISECONDS-TO-METADATA MILLISECONDS-TO-END | failed
Hashes, keys and seeds are hexadecimal; a salt of "-" is none. Ends when its standard input does.
"""
import hashlib
import random
import sys
import warnings
import time

import libtorrent as lt

warnings.simplefilter("ignore")  # status() is old, and still the only way to count nodes
count, prefix = int(sys.argv[1]), sys.argv[2]


def address(node):
    return "%s.%d.1" % (prefix, node)


sessions = {}
for i in range(1, count + 1):
    sessions[i] = lt.session({
        "listen_interfaces": address(i) + ":6881",
        "dht_bootstrap_nodes": "",
        "enable_dht": True,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification,
    })

# A bootstrap node alone makes a network only slowly: it pings those who ask it one by one. So each is told of some others.
others = random.Random(count)
for i in sessions:
    for other in others.sample([o for o in sessions if o != i], min(12, count - 1)):
        sessions[i].add_dht_node((address(other), 6881))
deadline = time.time() + 60
while any(s.status().dht_nodes < min(8, count - 1) for s in sessions.values()) and time.time() < deadline:
    time.sleep(0.2)
print("READY" if time.time() < deadline else "FAILED", flush=True)


def wait_for(node, kind, accept, seconds=20):
    deadline = time.time() + seconds
    while time.time() < deadline:
        for alert in sessions[node].pop_alerts():
            if isinstance(alert, kind) and accept(alert):
                return alert
        time.sleep(0.01)
    return None


def wait_until(condition, seconds=50):
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            return False
        time.sleep(0.005)
    return True


def sha1(text):
    return lt.sha1_hash(bytes.fromhex(text))


def text_of(entry):
    return entry.decode() if isinstance(entry, bytes) else str(entry)


def run(words):
    command, node = words[0], int(words[1])
    session = sessions[node]
    session.pop_alerts()
    if command == "announce":
        magnet = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + words[2])
        magnet.save_path = "."
        session.add_torrent(magnet)
        return "announced"
    if command == "get_peers":
        wanted = sha1(words[2])
        peers, deadline = set(), time.time() + 3
        session.dht_get_peers(wanted)
        while time.time() < deadline:
            for alert in session.pop_alerts():
                if isinstance(alert, lt.dht_get_peers_reply_alert) and alert.info_hash == wanted:
                    peers.update("%s:%d" % (p[0], p[1]) for p in alert.peers())
            time.sleep(0.01)
        return "peers " + " ".join(sorted(peers))
    if command == "put":
        key = session.dht_put_immutable_item(words[2])
        wait_for(node, lt.dht_put_alert, lambda a: True)
        return "put " + str(key)
    if command == "get":
        wanted = sha1(words[2])
        session.dht_get_immutable_item(wanted)
        alert = wait_for(node, lt.dht_immutable_item_alert, lambda a: a.target == wanted)
        return "item " + text_of(alert.item["value"]) if alert and alert.item else "nothing"
    if command == "seed":
        handle = session.add_torrent({"ti": lt.torrent_info(words[2]), "save_path": words[3]})
        return "seeding" if wait_until(lambda: handle.status().is_seeding) else "failed"
    if command == "fetch":
        magnet = lt.parse_magnet_uri(words[2])
        magnet.save_path = words[3]
        begin = time.time()
        handle = session.add_torrent(magnet)
        if not wait_until(lambda: handle.status().has_metadata):
            return "failed"
        described = time.time()
        if not wait_until(lambda: handle.status().is_seeding):
            return "failed"
        ended = time.time()
        session.remove_torrent(handle)
        return "fetched %d %d" % ((described - begin) * 1000, (ended - begin) * 1000)
    salt = "" if words[-2 if command == "put_mutable" else -1] == "-" else words[-2 if command == "put_mutable" else -1]
    if command == "put_mutable":
        secret = bytearray(hashlib.sha512(bytes.fromhex(words[2])).digest())
        secret[0] &= 248
        secret[31] = secret[31] & 63 | 64
        session.dht_put_mutable_item(bytes(secret), bytes.fromhex(words[3]), words[5].encode(), salt.encode())
        wait_for(node, lt.dht_put_alert, lambda a: True)
        return "put"
    if command == "get_mutable":
        session.dht_get_mutable_item(bytes.fromhex(words[2]), salt.encode())
        alert = wait_for(node, lt.dht_mutable_item_alert, lambda a: a.authoritative)
        return "item %d %s" % (alert.seq, text_of(alert.item["value"])) if alert and alert.item else "nothing"
    return "unknown command"


for line in sys.stdin:
    if line.strip():
        try:
            answer = run(line.split())
        except Exception as error:
            answer = "error: %s" % error
        print(answer, flush=True)
