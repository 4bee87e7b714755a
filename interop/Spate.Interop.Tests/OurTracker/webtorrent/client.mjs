// Two clients of the npm package bittorrent-tracker meet through a tracker: node client.mjs ANNOUNCE-URL
// Prints what they learn as one JSON object for each step.
import Client from 'bittorrent-tracker'

const announce = process.argv[2]
// Letters: over HTTP the client reads the keys of a scrape as text, and loses others.
const [infoHash, unknownHash] = ['known torrent number', 'unknown torrent here'].map(name => Buffer.from(name).toString('hex'))
const print = (step, value) => console.log(JSON.stringify({ step, ...value }))
const counts = ({ complete, incomplete, downloaded }) => ({ complete, incomplete, downloaded })

function open (name, port, left) {
  const state = { left }
  const client = new Client({ infoHash, peerId: Buffer.from(`-WW0001-${name.padEnd(12, '0')}`), announce: [announce], port, getAnnounceOpts: () => ({ left: state.left, numwant: 4 }) })
  client.state = state
  client.peers = []
  client.on('peer', peer => client.peers.push(peer))
  client.on('error', error => { print('error', { name, message: error.message }); process.exit(1) })
  client.on('warning', warning => print('warning', { name, message: warning.message }))
  return client
}

const next = (client, event) => new Promise(resolve => client.once(event, resolve))
const until = async condition => { while (!condition()) await new Promise(resolve => setTimeout(resolve, 10)) }

async function act (client, event, action) {
  const answer = next(client, event)
  action()
  return answer
}

const ann = open('ann', 6881, 1000)
const bob = open('bob', 6882, 0)
print('ann starts', counts(await act(ann, 'update', () => ann.start())))
print('bob starts', counts(await act(bob, 'update', () => bob.start())))
if (announce.startsWith('ws')) {
  await until(() => ann.peers.length > 0 && bob.peers.length > 0) // bob's offer has reached ann, and her answer bob
  const [toBob, toAnn] = [ann.peers[0], bob.peers[0]]
  await until(() => toAnn._pc.remoteDescription)
  print('signalled', {
    annSees: Buffer.from(toBob.id, 'hex').toString('latin1'), bobSees: Buffer.from(toAnn.id, 'hex').toString('latin1'),
    offer: toBob._pc.remoteDescription.sdp === toAnn._pc.localDescription.sdp, answer: toAnn._pc.remoteDescription.sdp === toBob._pc.localDescription.sdp
  })
} else {
  await until(() => bob.peers.length > 0)
  print('peers', { bobSees: bob.peers })
}
print('scrape', counts(await act(ann, 'scrape', () => ann.scrape())))
ann.state.left = 0
print('ann completes', counts(await act(ann, 'update', () => ann.complete())))
print('scrape again', counts(await act(bob, 'scrape', () => bob.scrape())))
if (!announce.startsWith('udp')) { // over UDP the client sends a scrape of several torrents as text
  const many = await new Promise((resolve, reject) =>
    Client.scrape({ announce, infoHash: [infoHash, unknownHash] }, (error, data) => error ? reject(error) : resolve(data)))
  print('scrape of two', { known: counts(many[infoHash]), unknown: counts(many[unknownHash]) })
}
print('bob stops', counts(await act(bob, 'update', () => bob.stop())))
ann.stop()
await new Promise(resolve => ann.destroy(resolve))
await new Promise(resolve => bob.destroy(resolve))
print('done', {})
process.exit(0)
