import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  TooManyEntriesInBatchRequest,
  paginateListQueues,
} from '@aws-sdk/client-sqs'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

import { start } from './server.js'

let server, settings, sqs, sts

before(async () => {
  server = await start()
  settings = {
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  }
  sqs = new SQSClient(settings)
  sts = new STSClient(settings)
})

after(async () => {
  sqs?.destroy()
  sts?.destroy()
  await server?.stop()
})

const create = async (QueueName, Attributes) => (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl
const receive = async (QueueUrl, more = {}) =>
  (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }))).Messages ?? []

// README: create a queue, send a message, receive it, delete it.
test("the newcomer's path", async () => {
  const QueueUrl = await create('first')
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }))
  assert.equal(sent.MD5OfMessageBody, createHash('md5').update('hello').digest('hex'))
  const [message] = await receive(QueueUrl)
  assert.equal(message.Body, 'hello')
  assert.equal(message.MessageId, sent.MessageId)
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
  assert.equal(Attributes.ApproximateNumberOfMessages, '0')
  assert.equal(Attributes.ApproximateNumberOfMessagesNotVisible, '0')
  assert.ok((await sqs.send(new ListQueuesCommand({}))).QueueUrls.includes(QueueUrl))
})

// API Reference, QueueDoesNotExist: the SDK makes the modelled error a class of its own.
test('errors are those of the SDK', async () => {
  await assert.rejects(sqs.send(new GetQueueUrlCommand({ QueueName: 'missing' })), (error) => {
    assert.ok(error instanceof QueueDoesNotExist)
    assert.equal(error.$metadata.httpStatusCode, 400)
    assert.ok(error.$metadata.requestId)
    return true
  })
})

// Developer Guide, "FIFO delivery logic": order within a group, the group locked while a message of it is in flight.
test('a FIFO queue keeps the order of each group', async () => {
  const QueueUrl = await create('line.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' })
  for (const MessageBody of ['a1', 'a2', 'a1']) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'a' }))
  }
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'b1', MessageGroupId: 'b' }))
  const [held] = await receive(QueueUrl, { MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['All'] })
  assert.equal(held.Body, 'a1')
  assert.equal(held.Attributes.MessageGroupId, 'a')
  assert.deepEqual((await receive(QueueUrl)).map((message) => message.Body), ['b1'])
  await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: held.ReceiptHandle, VisibilityTimeout: 0 }))
  const again = await receive(QueueUrl)
  assert.deepEqual(again.map((message) => message.Body), ['a1', 'a2'])
})

// API Reference, SendMessageBatch and DeleteMessageBatch: each entry succeeds or fails for itself.
test('batches report each entry', async () => {
  const QueueUrl = await create('batches')
  const Entries = [
    ...Array.from({ length: 9 }, (_, n) => ({
      Id: `id-${n}`,
      MessageBody: `body ${n}`,
      MessageAttributes: { bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 127, 255]) } },
    })),
    { Id: 'late', MessageBody: 'x', DelaySeconds: 901 },
  ]
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  assert.deepEqual(sent.Successful.map(({ Id }) => Id), Entries.slice(0, 9).map(({ Id }) => Id))
  assert.deepEqual(sent.Failed.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]), [['late', 'InvalidParameterValue', true]])
  const received = await receive(QueueUrl, { MessageAttributeNames: ['All'] })
  assert.equal(received.length, 9)
  assert.deepEqual([...received[0].MessageAttributes.bytes.BinaryValue], [0, 127, 255])
  const deleted = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: received.map(({ ReceiptHandle }, n) => ({ Id: `d${n}`, ReceiptHandle })),
    }),
  )
  assert.equal(deleted.Successful.length, 9)
  const tooMany = Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, MessageBody: 'x' }))
  await assert.rejects(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: tooMany })), TooManyEntriesInBatchRequest)
})

// Developer Guide, "Short and long polling": a message that arrives while a call waits ends the wait.
test('a long poll returns with the message that arrives', async () => {
  const QueueUrl = await create('polled')
  const waiting = receive(QueueUrl, { WaitTimeSeconds: 20 })
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' }))
  assert.deepEqual((await waiting).map((message) => message.Body), ['late'])
})

// API Reference, ListQueues: MaxResults and NextToken, walked by the SDK's paginator.
test('paginators walk all pages', async () => {
  for (let n = 0; n < 5; n += 1) await create(`page-${n}`)
  const seen = []
  for await (const page of paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: 'page-' })) {
    seen.push(...(page.QueueUrls ?? []))
  }
  assert.equal(new Set(seen).size, 5)
})

// STS: the caller's identity; a role's credentials act in the role's account.
test('temporary credentials', async () => {
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, 'arn:aws:iam::000000000000:root')
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::111122223333:role/reader', RoleSessionName: 'session' }),
  )
  const credentials = {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
  }
  const session = new SQSClient({ ...settings, credentials })
  const { QueueUrl } = await session.send(new CreateQueueCommand({ QueueName: 'of-the-role' }))
  assert.match(QueueUrl, /\/111122223333\/of-the-role$/)
  session.destroy()
})
