// SPDX-License-Identifier: MIT
// A small client on webtorrent, run by the driver `webtorrent`: ROLE PORT DATA SLOTS PEER SOURCE...; stops on SIGTERM.
import fs from 'fs'
import net from 'net'
import path from 'path'
import { pathToFileURL } from 'url'

const [role, port, data, slots, peer, ...sources] = process.argv.slice(2)
const log = (...words) => console.log(new Date().toISOString(), ...words)

// webtorrent has no option for the address it listens on: keep every listener on 127.0.0.1.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (where, ...rest) {
  if (typeof where !== 'number') return listen.call(this, where, ...rest)
  return listen.call(this, { port: where, host: '127.0.0.1' }, rest.find(arg => typeof arg === 'function'))
}

const home = path.join(process.env.WEBTORRENT, 'node_modules/webtorrent/index.js')
const { default: WebTorrent } = await import(pathToFileURL(home))
const client = new WebTorrent({
  torrentPort: Number(port),
  maxConns: 1000,
  secure: Number(process.env.SECURE || 0), // 0 plaintext, 1 either, 2 MSE only
  dht: false,
  lsd: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  webSeeds: false
})
client.on('error', err => {
  log('client error', err.message)
  process.exit(1)
})

for (const source of sources) {
  const torrent = client.add(source.startsWith('magnet:') ? source : fs.readFileSync(source), {
    path: data,
    uploads: Number(slots),
    skipVerify: role === 'seed'
  })
  torrent.on('infoHash', () => {
    log('added', torrent.infoHash)
    if (peer && role !== 'magnet') torrent.addPeer(peer)
  })
  for (const event of ['metadata', 'ready', 'done']) torrent.on(event, () => log(event, torrent.infoHash))
  for (const event of ['warning', 'error']) torrent.on(event, err => log(event, torrent.infoHash, err.message || err))
}

const leave = () => {
  client.destroy(() => process.exit(0))
  setTimeout(() => process.exit(0), 3000)
}
process.on('SIGTERM', leave)
process.on('SIGINT', leave)
