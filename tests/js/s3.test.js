import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
  waitUntilObjectExists,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { start } from './server.js'

const Bucket = 'of-javascript'
const MIB = 1024 * 1024

let server, s3

before(async () => {
  server = await start()
  // Integrity is left as the SDK sets it: checksums are sent when they are supported, and compared when there are any.
  s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  })
  await s3.send(new CreateBucketCommand({ Bucket }))
})

after(async () => {
  s3?.destroy()
  await server?.stop()
})

const put = (Key, Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key, more = {}) => s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
const bytesOf = async (answer) => Buffer.from(await answer.Body.transformToByteArray())
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Parts of bytes, as they come from a file or a socket. */
function* pieces(bytes, size = 50_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

// S3 User Guide, "Checking object integrity": the SDK sends a CRC-32 of its own accord, and compares what it gets back.
test('bytes that are in memory', async () => {
  const body = randomBytes(100_000)
  const sent = await put('buffer', body, { ContentType: 'application/x-test', Metadata: { made: 'here' } })
  assert.ok(sent.ChecksumCRC32)
  assert.equal(sent.ETag, `"${createHash('md5').update(body).digest('hex')}"`)
  const answer = await get('buffer')
  assert.equal(answer.ChecksumCRC32, sent.ChecksumCRC32)
  assert.deepEqual([answer.ContentType, answer.Metadata], ['application/x-test', { made: 'here' }])
  assert.deepEqual(await bytesOf(answer), body)
})

// API Reference, PutObject: a stream goes in chunks with its checksum behind them.
test('a stream in, a stream out', async () => {
  const body = randomBytes(3 * MIB + 17)
  const sent = await put('stream', Readable.from(pieces(body)), { ContentLength: body.length })
  assert.ok(sent.ChecksumCRC32)
  const answer = await get('stream')
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of answer.Body) {
    hash.update(piece)
    length += piece.length
  }
  assert.equal(length, body.length)
  assert.equal(hash.digest('hex'), digest(body))
  const range = await get('stream', { Range: `bytes=${MIB}-${2 * MIB - 1}` })
  assert.deepEqual(await bytesOf(range), body.subarray(MIB, 2 * MIB))
})

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
  test(`a checksum that is asked for: ${ChecksumAlgorithm}`, async () => {
    const sent = await put('checked', 'some text', { ChecksumAlgorithm })
    const name = `Checksum${ChecksumAlgorithm}`
    assert.ok(sent[name])
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'checked', ChecksumMode: 'ENABLED' }))
    assert.equal(head[name], sent[name])
    assert.equal(await (await get('checked', { ChecksumMode: 'ENABLED' })).Body.transformToString(), 'some text')
  })
}

// S3 User Guide, "Uploading and copying objects using multipart upload".
test('a multipart upload of a stream', async () => {
  const body = randomBytes(12 * MIB + 1)
  const upload = new Upload({
    client: s3,
    params: { Bucket, Key: 'multipart', Body: Readable.from(pieces(body, 700_000)) },
    partSize: 5 * MIB,
    queueSize: 3,
  })
  const progress = []
  upload.on('httpUploadProgress', ({ loaded }) => progress.push(loaded))
  const done = await upload.done()
  assert.match(done.ETag, /-3"$/)
  assert.equal(Math.max(...progress), body.length)
  const answer = await get('multipart')
  assert.equal(digest(await bytesOf(answer)), digest(body))
  const second = await get('multipart', { PartNumber: 2 })
  assert.equal(second.PartsCount, 3)
  assert.deepEqual(await bytesOf(second), body.subarray(5 * MIB, 10 * MIB))
})

test('presigned URLs', async () => {
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'presigned' }), { expiresIn: 600 })
  const stored = await fetch(url, { method: 'PUT', body: 'by anybody' })
  assert.equal(stored.status, 200, await stored.text())
  const read = await fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'presigned' }), { expiresIn: 600 }))
  assert.equal(await read.text(), 'by anybody')
})

// API Reference, ListObjectsV2: pages, walked by the SDK's paginator.
test('paginators walk all pages', async () => {
  const keys = Array.from({ length: 25 }, (_, number) => `page/${String(number).padStart(2, '0')} ü&`)
  await Promise.all(keys.map((key) => put(key, key)))
  const seen = []
  let pages = 0
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: 'page/' })) {
    pages += 1
    seen.push(...page.Contents.map(({ Key }) => Key))
  }
  assert.deepEqual([pages, seen], [3, keys])
  const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }))
  assert.equal(deleted.Deleted.length, 25)
  assert.equal(deleted.Errors, undefined)
})

test('errors and waiters are those of the SDK', async () => {
  await assert.rejects(get('missing'), (error) => {
    assert.ok(error instanceof NoSuchKey)
    assert.equal(error.$metadata.httpStatusCode, 404)
    assert.ok(error.$metadata.requestId)
    return true
  })
  await put('awaited', 'x')
  const { state } = await waitUntilObjectExists({ client: s3, maxWaitTime: 30 }, { Bucket, Key: 'awaited' })
  assert.equal(state, 'SUCCESS')
  assert.equal(await text((await get('awaited')).Body), 'x')
})
