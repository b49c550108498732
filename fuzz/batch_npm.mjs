// SPDX-License-Identifier: MIT
// Reads what fuzz_batch prints, gives the same bytes to the npm package bittorrent-protocol, and compares what the two
// tell of each handshake and frame.  NPM is the folder that holds node_modules.
import path from 'path'
import readline from 'readline'
import { pathToFileURL } from 'url'

const { default: Wire } = await import(pathToFileURL(path.join(process.env.NPM, 'node_modules/bittorrent-protocol/index.js')))
const hex = bytes => Buffer.from(bytes).toString('hex')
const FAST = ['suggest', 'have_all', 'have_none', 'reject', 'allowed_fast']
const NAMES = ['choke', 'unchoke', 'interested', 'not_interested', 'have', 'bitfield', 'request', 'piece', 'cancel', 'port',
  ...Array(3), ...FAST, , , 'extended', 'hash_request', 'hashes', 'hash_reject']

// --- what it tells
const EVENTS = {
  'keep-alive': () => ['keepalive', {}],
  choke: () => ['choke', {}],
  unchoke: () => ['unchoke', {}],
  interested: () => ['interested', {}],
  uninterested: () => ['not_interested', {}],
  'have-all': () => ['have_all', {}],
  'have-none': () => ['have_none', {}],
  have: piece => ['have', { piece }],
  suggest: piece => ['suggest', { piece }],
  'allowed-fast': piece => ['allowed_fast', { piece }],
  port: port => ['port', { port }],
  bitfield: field => ['bitfield', { bits: hex(field.buffer) }],
  request: (piece, begin, length) => ['request', { piece, begin, length }],
  cancel: (piece, begin, length) => ['cancel', { piece, begin, length }],
  reject: (piece, begin, length) => ['reject', { piece, begin, length }],
  piece: (piece, begin, data) => ['piece', { piece, begin, data: hex(data) }],
  extended: (ext, data) => ext === 'handshake' ? ['hello', data] : ['extended', { ext, data: hex(data) }],
  unknownmessage: data => ['raw', { data: hex(data) }],
  handshake: (infoHash, peerId, has) => ['handshake', { info_hash: infoHash, peer_id: peerId, ...has }]
}

class Reader {
  constructor () {
    this.heard = []
    this.closed = false
    this.wire = new Wire('tcpIncoming')
    for (const [event, told] of Object.entries(EVENTS)) {
      this.wire.on(event, (...values) => {
        const [type, fields] = told(...values)
        this.heard.push({ type, fields })
      })
    }
    this.wire.end = () => { // which would tell of a choke that nobody said
      this.closed = true
      this.wire._parse(Number.MAX_VALUE, () => {})
    }
    this.wire.handshake('00'.repeat(20), '00'.repeat(20), { fast: true })
    this.wire.unchoke() // or it does not tell of requests
  }

  // What it tells of these bytes, and what of that depends on what came before.
  read ({ bytes, fields }) {
    const before = { fast: this.wire.hasFast, has: this.wire.peerPieces.get(fields.piece | 0) }
    this.heard = []
    this.wire._write(Buffer.from(bytes, 'hex'), () => {})
    return { heard: this.heard, closed: this.closed, before }
  }
}

// --- what it should tell
function expected (line) {
  const { status, type, fields, bytes } = line
  if (status === 'more') return []
  if (type === 'handshake') {
    const bit = (at, mask) => (parseInt(fields.reserved.substr(2 * at, 2), 16) & mask) !== 0
    const { info_hash, peer_id } = fields
    return [{ type, fields: { info_hash, peer_id, dht: bit(7, 1), fast: bit(7, 4), extended: bit(5, 0x10) } }]
  }
  return [{ type, fields: type === 'raw' ? { data: bytes.slice(8) } : fields }]
}

// Of an extended handshake: every integer that ours has read.
function helloAgrees (line, told) {
  const same = (ours, theirs) => Object.entries(ours ?? {}).every(([name, number]) =>
    Number(theirs?.[Buffer.from(name, 'hex').toString()]) === Number(number))
  return told?.type === 'hello' && same(line.hello, told.fields) && same(line.m, told.fields.m)
}

function agree (line, { heard, closed }) {
  if (line.status === 'bad-wire' && line.isHandshake) return closed && heard.length === 0
  if (line.status === 'bad-wire' || line.status === 'too-long' || closed) return false
  if (line.hello) return heard.length === 1 && helloAgrees(line, heard[0])
  return JSON.stringify(heard) === JSON.stringify(expected(line))
}

// --- where they may differ, and why: each has to happen
const idOf = line => parseInt(line.bytes.substr(8, 2), 16)
const only = (heard, type) => heard.length === 1 && heard[0].type === type
const unsigned = heard => heard.map(({ type, fields }) => ({
  type, fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value < 0 ? value + 2 ** 32 : value]))
}))
const DIFFERENCES = [
  {
    why: 'a number from 2^31 on is negative there',
    fits: (line, { heard }) => line.status === 'ok' && JSON.stringify(unsigned(heard)) === JSON.stringify(expected(line))
  }, {
    why: 'a length prefix from 2^31 on, negative there, passes for a keep-alive',
    fits: (line, { heard }) => line.status === 'too-long' && line.bytes >= '8' && only(heard, 'keepalive')
  }, {
    why: 'a message may be of any length there, and is waited for',
    fits: (line, { heard }) => line.status === 'too-long' && line.bytes < '8' && heard.length === 0
  }, {
    why: 'fields that a frame is too short for are 0 there, and what follows the last is passed over',
    fits: (line, { heard }) => line.status === 'bad-wire' && !line.isHandshake && only(heard, NAMES[idOf(line)])
  }, {
    why: 'messages of BEP 52 are unknown there',
    fits: (line, { heard }) => idOf(line) >= 21 && idOf(line) <= 23 && only(heard, 'raw') &&
      heard[0].fields.data === line.bytes.slice(8)
  }, {
    why: 'a have that is no news is not told there',
    fits: (line, { heard, before }) => line.type === 'have' && heard.length === 0 && before.has
  }, {
    why: 'where Fast was not agreed on, its messages end the connection there; ours leaves that to the session',
    fits: (line, { heard, closed, before }) => closed && heard.length === 0 && !before.fast && FAST.includes(NAMES[idOf(line)])
  }
]

// --- line by line
const counts = new Map(DIFFERENCES.map(({ why }) => [why, 0]))
const notFed = 'an extended handshake that is not bencoded in the one canonical form'
let reader, stream, messages = 0, agreed = 0, skipped = 0, failed = 0

function compare (line) {
  const told = reader.read(line)
  if (agree(line, told)) agreed++
  else {
    const difference = DIFFERENCES.find(({ fits }) => fits(line, told))
    if (difference) counts.set(difference.why, counts.get(difference.why) + 1)
    else if (++failed <= 10) console.log('FAIL', JSON.stringify(line), '\n     it tells', JSON.stringify(told))
  }
}

for await (const text of readline.createInterface({ input: process.stdin })) {
  const line = JSON.parse(text)
  if (line.stream !== stream) {
    stream = line.stream
    line.isHandshake = true
    reader = new Reader()
  }
  if (reader.closed) continue
  messages++
  if (line.type === 'extended' && line.status === 'ok' && line.fields.ext === 0 && !line.hello) skipped++
  else compare(line)
}
console.log(`${messages} messages: ${agreed} agree`)
for (const [why, count] of counts) {
  console.log(`${count} differ: ${why}`)
  if (count === 0) failed++
}
console.log(`${skipped} not compared: ${notFed}`)
process.exit(failed > 0 || agreed < 1000 ? 1 : 0)
