// SPDX-License-Identifier: MIT
// The works of bench_wire.c and bench_mse.c done by npm bittorrent-protocol: see work.h for what is read and written.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [inputs, modules] = process.argv.slice(2)
const { default: Wire } = await import(pathToFileURL(modules + '/node_modules/bittorrent-protocol/index.js'))

Error.stackTraceLimit = 0 // a cancel makes an Error for its callback; it shall not pay for a stack trace

const LEAST_US = 60000
const mix = new Uint8Array(readFileSync(inputs + '/mix'))
const pieces = new Uint8Array(readFileSync(inputs + '/pieces'))
const handshake = Uint8Array.from([19, ...Buffer.from('BitTorrent protocol'), ...new Array(48).fill(1)].fill(0, 20, 28))

/** A wire that both handshakes have passed, whose output is taken. */
function openWire () {
  const wire = new Wire('tcpIncoming')
  wire.on('data', () => {})
  wire._onHandshakeBuffer(handshake.subarray(1))
  wire.handshake('01'.repeat(20), '01'.repeat(20))
  return wire
}

function * messages (bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at)) yield { at, len: view.getUint32(at), id: bytes[at + 4] }
}

/** What the messages of an input are as calls of a wire, in order. */
function callsOf (bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const u32 = at => view.getUint32(at)
  const calls = {
    2: () => wire => wire.interested(),
    3: () => wire => wire.uninterested(),
    4: ({ at }) => { const piece = u32(at + 5); return wire => wire.have(piece) },
    6: ({ at }) => { const [p, b, l] = [u32(at + 5), u32(at + 9), u32(at + 13)]; return wire => wire.request(p, b, l) },
    7: ({ at, len }) => {
      const [p, b, block] = [u32(at + 5), u32(at + 9), bytes.subarray(at + 13, at + 4 + len)]
      return wire => wire.piece(p, b, block)
    },
    8: ({ at }) => { const [p, b, l] = [u32(at + 5), u32(at + 9), u32(at + 13)]; return wire => wire.cancel(p, b, l) }
  }
  return [...messages(bytes)].map(message => calls[message.id](message))
}

/** _write is what the stream calls for every chunk; called without the queue in front of it, it is at its best. */
function feed (bytes, chunk, prepare) {
  const chunks = []
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk))
  return () => {
    const wire = openWire()
    prepare(wire)
    for (const each of chunks) wire._write(each, () => {})
    return wire
  }
}

let sum = 0
const listen = wire => {
  wire.unchoke()
  for (const event of ['have', 'request', 'cancel']) wire.on(event, index => { sum += index })
  for (const event of ['interested', 'uninterested']) wire.on(event, () => { sum++ })
}
const store = new Uint8Array(1 << 20)
const place = wire => wire.on('piece', (index, begin, block) => store.set(block, (index * 65536 + begin) % store.length))

function send (calls) {
  return () => {
    const wire = openWire()
    wire._onUnchoke()
    for (const call of calls) call(wire)
    return wire
  }
}

const mixCalls = callsOf(mix)
const pieceCalls = callsOf(pieces)
const payload = pieceCalls.length * 16384
const works = {
  'small-64k': [feed(mix, 65536, listen), mixCalls.length],
  'small-64': [feed(mix, 64, listen), mixCalls.length],
  'pieces-64k': [feed(pieces, 65536, place), payload],
  'pieces-1448': [feed(pieces, 1448, place), payload],
  'encode-small': [send(mixCalls), mixCalls.length],
  'encode-pieces': [send(pieceCalls), payload]
}

async function measure ([once, units]) {
  const start = process.cpuUsage()
  let calls = 0
  let spent = 0
  do {
    const wire = once()
    await new Promise(resolve => setImmediate(resolve)) // its output goes to the listener
    wire.destroy()
    calls++
    const { user, system } = process.cpuUsage(start)
    spent = user + system
  } while (spent < LEAST_US)
  return spent * 1000 / (calls * units)
}

for (const work of Object.values(works)) await measure(work) // so that the compiler has seen it
for await (const name of createInterface({ input: process.stdin })) {
  process.stdout.write((await measure(works[name])).toPrecision(6) + '\n')
}
if (sum < 0) console.error(sum)
process.exit(0)
