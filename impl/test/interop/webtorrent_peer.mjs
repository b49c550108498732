// SPDX-License-Identifier: MIT
// WebTorrent at the other end, with ut_metadata, ut_pex, lt_donthave and an extension of our own (see README.md).
//
//     webtorrent_peer.mjs make DIR                  a torrent, and the scripts that wire_peer plays with it
//     webtorrent_peer.mjs seed DIR SECURE           has it; prints "port N"
//     webtorrent_peer.mjs magnet DIR SECURE PORT    knows its hash, and who has it
//
// What comes is printed; `seed` ends with the connection, `magnet` when everything it waits for has come.  NPM is the
// folder that holds node_modules.
import fs from 'fs'
import net from 'net'
import path from 'path'
import { createHash } from 'crypto'
import { pathToFileURL } from 'url'

const load = async file => (await import(pathToFileURL(path.join(process.env.NPM, 'node_modules', file)))).default
const [role, dir, secure, port] = process.argv.slice(2)
const torrentFile = path.join(dir, 'data.torrent')
const hex = bytes => Buffer.from(bytes).toString('hex')

// One connection in either direction; two pieces of metadata.
async function make () {
  const [createTorrent, bencode] = await Promise.all([load('create-torrent/index.js'), load('bencode/index.js')])
  const data = Buffer.alloc(1024 * 1024, 'interop')
  data.name = 'data'
  fs.writeFileSync(path.join(dir, 'data'), data)
  const torrent = await new Promise((resolve, reject) =>
    createTorrent(data, { pieceLength: 1024, announceList: [] }, (err, made) => err ? reject(err) : resolve(made)))
  fs.writeFileSync(torrentFile, torrent)
  const info = Buffer.from(bencode.encode(bencode.decode(torrent).info))
  const hash = createHash('sha1').update(info).digest('hex')
  const hello = 'm=lt_donthave,ut_metadata,ut_pex,ut_test'
  const message = (type, piece, more = '') => hex(`d8:msg_typei${type}e5:piecei${piece}e${more}e`)
  const pieces = [info.subarray(0, 16384), info.subarray(16384)].map((piece, i) =>
    message(1, i, `10:total_sizei${info.length}e`) + hex(piece))
  const pex = hex('d5:added6:') + 'c0000201' + '1ae1' + hex('7:added.f1:') + '10' + hex('e') // 192.0.2.1:6881

  fs.writeFileSync(path.join(dir, 'seed.txt'), `torrent 1024 1024 ${data.length}
a handshake reserved=[ext fast] info_hash=${hash} peer_id="-IA0001-aaaaaaaaaaaa"
b ~ handshake reserved=[ext fast] info_hash=${hash}
a! hello ${hello} p=6881
b ~ hello ${hello} metadata_size=${info.length}
b ~ have_all
a have_none
a extended ut_metadata ${message(0, 0)}
b ~ extended ut_metadata ${pieces[0]}
a extended ut_metadata ${message(0, 1)}
b ~ extended ut_metadata ${pieces[1]}
a extended ut_pex ${pex}
a extended ut_test 68656c6c6f
b ~ extended ut_test 6f6c6c6568
b ~ extended ut_pex ${hex('d5:added6:')}c00002021ae1
b ~ extended lt_donthave 00000005
a close
`)
  fs.writeFileSync(path.join(dir, 'magnet.txt'), `torrent 1024 1024 ${data.length}
a ~ handshake reserved=[ext fast] info_hash=${hash}
b handshake reserved=[ext fast] info_hash=${hash} peer_id="-IB0001-bbbbbbbbbbbb"
b! hello ${hello} metadata_size=${info.length}
a ~ hello ${hello}
b have_all
a ~ extended ut_metadata ${message(0, 0)}
b extended ut_metadata ${pieces[0]}
a ~ extended ut_metadata ${message(0, 1)}
b extended ut_metadata ${pieces[1]}
b extended ut_pex ${pex}
a ~ extended ut_test 68656c6c6f
b extended ut_test 6f6c6c6568
b extended lt_donthave 00000003
a ~ close
`)
  fs.writeFileSync(path.join(dir, 'hash'), hash)
}

// Sends what it is sent, backwards; a magnet begins.
function testExtension () {
  class Test {
    constructor (wire) {
      this.wire = wire
    }

    onExtendedHandshake () {
      if (role === 'magnet') this.wire.extended('ut_test', Buffer.from('hello'))
    }

    onMessage (data) {
      tell('test', Buffer.from(data).toString())
      if (role !== 'seed') return
      this.wire.extended('ut_test', Buffer.from(data).reverse())
      this.wire.ut_pex.addPeer('192.0.2.2:6881', { isReachable: true })
      this.wire.ut_pex._sendMessage() // it would do so once in 65 seconds
      this.wire.lt_donthave.donthave(5)
    }
  }
  Test.prototype.name = 'ut_test'
  return Test
}

const awaited = new Set(['metadata', 'pex', 'test', 'donthave'])
let client
function tell (what, ...words) {
  console.log(what, ...words)
  awaited.delete(what)
  if (role === 'magnet' && awaited.size === 0) leave(0)
}
function leave (status) {
  client.destroy(() => process.exit(status))
}

async function talk () {
  const WebTorrent = await load('webtorrent/index.js')
  // webtorrent has no option for the address it listens on.
  const listen = net.Server.prototype.listen
  net.Server.prototype.listen = function (where, ...rest) {
    return listen.call(this, { port: where, host: '127.0.0.1' }, rest.find(arg => typeof arg === 'function'))
  }
  client = new WebTorrent({ secure: Number(secure), dht: false, lsd: false, utp: false, natUpnp: false, natPmp: false, webSeeds: false })
  const file = fs.readFileSync(torrentFile)
  const torrent = role === 'seed'
    ? client.add(file, { path: dir, skipVerify: true })
    : client.add(fs.readFileSync(path.join(dir, 'hash'), 'utf8'), { path: path.join(dir, 'magnet') })
  for (const source of [client, torrent]) {
    source.on('error', err => {
      console.error(err.stack)
      process.exit(1)
    })
  }
  torrent.on('wire', wire => {
    wire.use(testExtension())
    wire.ut_pex.on('peer', peer => tell('pex', peer))
    wire.lt_donthave.on('donthave', piece => tell('donthave', piece))
    if (role === 'seed') wire.on('close', () => leave(0))
  })
  torrent.on('metadata', () => tell('metadata', torrent.infoHash, torrent.pieces.length))
  if (role === 'magnet') torrent.on('infoHash', () => torrent.addPeer(`127.0.0.1:${port}`))
  else torrent.on('ready', () => console.log('port', client.torrentPort))
}

if (role === 'make') await make()
else await talk()
