"""A libtorrent peer for the interop tests: TORRENT FOLDER IP PORT, where TORRENT is a file or a magnet link. With LSD in the environment it finds
others by local discovery.

Prints READY when it has the torrent, COMPLETE once everything is there, and what libtorrent reports. Ends when its standard input does.
"""
import os
import sys
import threading

import libtorrent as lt

torrent, folder, ip, port = sys.argv[1:5]
session = lt.session({
    "listen_interfaces": ("[%s]:%s" if ":" in ip else "%s:%s") % (ip, port),
    "outgoing_interfaces": "" if ip in ("0.0.0.0", "::") else ip,
    "enable_dht": False,
    "enable_lsd": "LSD" in os.environ,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.peer_notification
        | lt.alert.category_t.status_notification | lt.alert.category_t.tracker_notification | lt.alert.category_t.connect_notification,
})
params = lt.parse_magnet_uri(torrent) if torrent.startswith("magnet:") else lt.add_torrent_params()
if not torrent.startswith("magnet:"):
    params.ti = lt.torrent_info(torrent)
params.save_path = folder
handle = session.add_torrent(params)
print("READY", flush=True)

ended = threading.Event()


def until_input_ends():
    while sys.stdin.readline():
        pass
    ended.set()


threading.Thread(target=until_input_ends, daemon=True).start()
complete = False
while not ended.wait(0.05):
    for alert in session.pop_alerts():
        print(alert.message(), flush=True)
    if not complete and handle.status().is_seeding:
        complete = True
        print("COMPLETE", flush=True)
