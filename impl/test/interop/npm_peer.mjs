// SPDX-License-Identifier: MIT
// The other end: the same script, played with the npm package bittorrent-protocol (see README.md).
//
//     npm_peer.mjs a|b dial PORT PE SCRIPT     PE: 0 no encryption, 1 either, 2 RC4 only
//     npm_peer.mjs a|b listen    PE SCRIPT     prints "port N"
//
// NPM is the folder that holds node_modules.
import fs from 'fs'
import net from 'net'
import path from 'path'
import { createHash } from 'crypto'
import { pathToFileURL } from 'url'

const { default: Wire } = await import(pathToFileURL(path.join(process.env.NPM, 'node_modules/bittorrent-protocol/index.js')))

const [role, how, ...rest] = process.argv.slice(2)
const port = how === 'dial' ? Number(rest.shift()) : 0
const pe = Number(rest[0])
const hex = bytes => Buffer.from(bytes).toString('hex')
const bytes = text => Buffer.from(text, 'hex')

// --- the script: the message's name, and its fields
const script = fs.readFileSync(rest[1], 'utf8').split('\n')
  .filter(line => line && !/^(#|torrent )/.test(line))
  .map(line => {
    const [, who, self, text] = line.match(/^([ab])(!?) (.*)$/)
    const fields = {}
    for (const [, key, value] of text.matchAll(/(\w+)=(\[[^\]]*\]|"[^"]*"|\S+)/g)) fields[key] = value.replace(/^"|"$/g, '')
    return { who, self, text, name: text.split(' ')[0], words: text.split(' '), fields }
  })
const hello = script.find(line => line.who === role && line.name === 'hello')
const ours = script.find(line => line.who === role && line.name === 'handshake')

const wire = new Wire(how === 'dial' ? 'tcpOutgoing' : 'tcpIncoming', pe)
const heard = []
const waiting = [] // requests of theirs: how to answer
let at = 0
let ended = false // the other end has closed: what the library tells now has not been said
let over = false

function leave (status, ...words) {
  if (words.length) console.error(...words)
  process.exitCode = status
  over = true
  socket.end()
  setImmediate(() => socket.destroy())
}

// --- what is heard
function hear (...words) {
  if (over || ended) return
  console.log('<', ...words)
  heard.push(words.join(' '))
  setImmediate(play) // after the library has dealt with it
}
const block = (piece, begin, length) => `piece=${piece} begin=${begin} length=${length}`
const names = { have: 'have piece', suggest: 'suggest piece', 'allowed-fast': 'allowed_fast piece', port: 'port port' }
for (const [event, text] of Object.entries(names)) wire.on(event, number => hear(`${text}=${number}`))
for (const event of ['choke', 'unchoke', 'interested', 'have-all', 'have-none']) wire.on(event, () => hear(event.replace('-', '_')))
wire.on('uninterested', () => hear('not_interested'))
wire.on('keep-alive', () => hear('keepalive'))
for (const event of ['cancel', 'reject']) wire.on(event, (...numbers) => hear(event, block(...numbers)))
wire.on('bitfield', field => hear(`bitfield bits=${hex(field.buffer)}`))
wire.on('piece', (piece, begin, data) => hear(`piece piece=${piece} begin=${begin} data=${hex(data)}`))
wire.on('request', (piece, begin, length, respond) => {
  waiting.push({ key: block(piece, begin, length), respond })
  hear('request', block(piece, begin, length))
})
wire.on('handshake', (infoHash, peerId, has) => {
  const bits = [has.extended && 'ext', has.fast && 'fast', has.dht && 'dht'].filter(Boolean).join(' ')
  hear(`handshake reserved=[${bits}] info_hash=${infoHash} peer_id="${bytes(peerId)}"`)
})
wire.on('extended', (name, data) => {
  if (name !== 'handshake') return hear('extended', name, hex(data))
  const keys = ['metadata_size', 'p', 'reqq', 'upload_only'].filter(key => key in data)
  hear('hello', `m=${Object.keys(data.m)}`, ...keys.map(key => `${key}=${data[key]}`))
})
const hashes = ['hash_request', 'hashes', 'hash_reject'] // ids from 21 on, which the library does not know
wire.on('unknownmessage', data => {
  const name = hashes[data[0] - 21]
  if (!name) return hear('raw', hex(new Uint8Array([0, 0, 0, data.length])) + hex(data))
  const view = Buffer.from(data)
  const numbers = ['base', 'index', 'length', 'proof'].map((key, i) => `${key}=${view.readUInt32BE(33 + 4 * i)}`)
  hear(name, `root=${hex(view.subarray(1, 33))}`, ...numbers, ...(name === 'hashes' ? [`hashes=${hex(view.subarray(49))}`] : []))
})

// --- what is said
const three = f => [Number(f.piece), Number(f.begin), Number(f.length)]
function respond (line, error, data) {
  const f = line.fields
  const key = block(f.piece, f.begin, data ? data.length : f.length)
  const i = waiting.findIndex(request => request.key === key)
  if (i < 0) return leave(1, `line ${at + 1}: ${line.text}: not asked for`)
  waiting.splice(i, 1)[0].respond(error, data)
}
const sayHash = ({ name, fields: f }) => {
  const numbers = Buffer.alloc(16)
  for (const [i, key] of ['base', 'index', 'length', 'proof'].entries()) numbers.writeUInt32BE(Number(f[key]), 4 * i)
  wire._message(21 + hashes.indexOf(name), [], Buffer.concat([bytes(f.root), numbers, bytes(f.hashes || '')]))
}
const says = {
  handshake: ({ fields: f }) => wire.handshake(f.info_hash, hex(f.peer_id), { dht: /dht/.test(f.reserved), fast: /fast/.test(f.reserved) }),
  keepalive: () => wire.keepAlive(),
  choke: () => wire.choke(),
  unchoke: () => wire.unchoke(),
  interested: () => wire.interested(),
  not_interested: () => wire.uninterested(),
  have: ({ fields: f }) => wire.have(Number(f.piece)),
  bitfield: ({ fields: f }) => wire.bitfield(bytes(f.bits)),
  request: ({ fields: f }) => wire.request(...three(f), () => {}),
  piece: line => respond(line, null, bytes(line.fields.data)),
  cancel: ({ fields: f }) => wire.cancel(...three(f)),
  port: ({ fields: f }) => wire.port(Number(f.port)),
  suggest: ({ fields: f }) => wire.suggest(Number(f.piece)),
  have_all: () => wire.haveAll(),
  have_none: () => wire.haveNone(),
  reject: line => respond(line, new Error('no')),
  allowed_fast: ({ fields: f }) => wire.allowedFast(Number(f.piece)),
  extended: ({ words }) => wire.extended(words[1], bytes(words[2])),
  hash_request: sayHash,
  hashes: sayHash,
  hash_reject: sayHash,
  raw: ({ words }) => wire._push(bytes(words[1]))
}

// Goes on as far as it can.
function play () {
  for (; at < script.length && !over; at++) {
    const line = script[at]
    if (line.who === role) {
      console.log('>', line.text)
      if (line.name === 'close') break
      if (!line.self) says[line.name](line)
      continue
    }
    if (heard.length === 0) return
    const got = heard.shift()
    if (got !== line.text) return leave(1, `line ${at + 1}: want ${line.text}\n        got ${got}`)
  }
  if (over) return
  const method = wire._peEnabled ? [undefined, 'plaintext', 'rc4'][wire._encryptionMethod] : 'clear'
  console.log(`= method ${method}\n= uploaded ${wire.uploaded}\n= downloaded ${wire.downloaded}`)
  leave(0)
}

// --- extensions, encryption, the socket
for (const [, value] of (hello?.text ?? '').matchAll(/m=(\S+)/g)) {
  for (const name of value.split(',')) {
    const Extension = class {}
    Extension.prototype.name = name
    wire.use(Extension)
  }
}
for (const key of ['metadata_size', 'p', 'reqq', 'upload_only']) {
  if (hello && key in hello.fields) wire.extendedHandshake[key] = Number(hello.fields[key])
}
wire.on('crypto-infohash', found => {
  const hash = createHash('sha1').update('req2').update(bytes(ours.fields.info_hash)).digest('hex')
  if (found !== hash) return leave(1, 'another torrent is asked for')
  wire.setInfoHash(ours.fields.info_hash)
})
wire.on('crypto-handshake', () => how === 'dial' && play())
wire.on('error', err => leave(1, err.stack))

let socket
function start (connection) {
  socket = connection
  socket.setNoDelay()
  socket.on('error', err => leave(1, err.stack))
  socket.on('end', () => {
    hear('close')
    ended = true
  })
  socket.pipe(wire).pipe(socket)
  if (how !== 'dial') return
  if (pe) wire.startEncryption(ours.fields.info_hash)
  else play()
}
if (how === 'dial') {
  const connection = net.connect(port, '127.0.0.1', () => start(connection))
  connection.on('error', err => leave(1, err.message))
} else {
  const server = net.createServer(connection => {
    server.close()
    start(connection)
  })
  server.listen(0, '127.0.0.1', () => console.log('port', server.address().port))
}
