// Starts the real binary for a test file: `KUMOI_BIN`, else the release build, else the debug build.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const FOREIGN = /^(KUMOI_|AWS_|LOCALSTACK_|SQS_|GATEWAY_)/

function binary() {
  const named = process.env.KUMOI_BIN
  const candidates = named ? [named] : ['release', 'debug'].map((profile) => join(ROOT, 'target', profile, 'kumoi'))
  const found = candidates.find(existsSync)
  if (!found) throw new Error(`no kumoi binary among ${candidates.join(', ')}`)
  return found
}

async function freePort() {
  const probe = createServer()
  await new Promise((listening) => probe.listen(0, '127.0.0.1', listening))
  const { port } = probe.address()
  await new Promise((closed) => probe.close(closed))
  return port
}

/** Starts a server with nothing in it, and returns its endpoint and how to stop it. */
export async function start() {
  const port = await freePort()
  const cache = await mkdtemp(join(tmpdir(), 'kumoi-tests-'))
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)))
  const child = spawn(binary(), ['start', '--listen', `127.0.0.1:${port}`], {
    env: { ...environment, XDG_CACHE_HOME: cache },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((ready, failed) => {
    child.once('exit', (code) => failed(new Error(`kumoi ended with code ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => line.endsWith('Ready.') && ready())
  })
  child.removeAllListeners('exit')
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = new Promise((end) => child.once('exit', end))
      child.kill('SIGTERM')
      await ended
      await rm(cache, { recursive: true, force: true })
    },
  }
}
