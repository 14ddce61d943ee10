import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  TransactionCanceledException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  paginateQuery,
  paginateScan,
} from '@aws-sdk/lib-dynamodb'

import { start } from './server.js'

const TableName = 'of-javascript'

let server, client, documents

before(async () => {
  server = await start()
  client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  documents = DynamoDBDocumentClient.from(client)
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'p', AttributeType: 'S' },
        { AttributeName: 's', AttributeType: 'N' },
        { AttributeName: 'kind', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'p', KeyType: 'HASH' },
        { AttributeName: 's', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-kind',
          KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName })
})

after(async () => {
  client?.destroy()
  await server?.stop()
})

// The document client's own promise: values of JavaScript go in and come back.
test('documents come back as they went', async () => {
  const Item = {
    p: 'document',
    s: 1,
    text: 'ü',
    truth: false,
    nothing: null,
    list: [1, 'two', { three: 3 }],
    map: { deep: { deeper: [0.5] } },
    names: new Set(['a', 'b']),
    bytes: new Uint8Array([0, 255]),
  }
  await documents.send(new PutCommand({ TableName, Item }))
  const got = await documents.send(new GetCommand({ TableName, Key: { p: 'document', s: 1 } }))
  assert.deepEqual(got.Item, Item)
})

// Developer Guide, "Update expressions": counters, lists, and what is returned of them.
test('updates return what they changed', async () => {
  const update = new UpdateCommand({
    TableName,
    Key: { p: 'counter', s: 0 },
    UpdateExpression: 'SET #list = list_append(if_not_exists(#list, :none), :more) ADD hits :one',
    ExpressionAttributeNames: { '#list': 'list' },
    ExpressionAttributeValues: { ':none': [], ':more': ['x'], ':one': 1 },
    ReturnValues: 'ALL_NEW',
  })
  await documents.send(update)
  const { Attributes } = await documents.send(update)
  assert.deepEqual(Attributes, { p: 'counter', s: 0, list: ['x', 'x'], hits: 2 })
})

// API Reference, errors: the SDK makes the modelled ones classes of their own.
test('errors are those of the SDK', async () => {
  const Item = { p: 'once', s: 1, name: 'first' }
  const put = new PutCommand({
    TableName,
    Item,
    ConditionExpression: 'attribute_not_exists(p)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  })
  await documents.send(put)
  await assert.rejects(documents.send(put), (error) => {
    assert.ok(error instanceof ConditionalCheckFailedException)
    assert.deepEqual(error.Item.name, { S: 'first' })
    return true
  })
  await assert.rejects(
    documents.send(new GetCommand({ TableName: 'missing', Key: { p: 'a' } })),
    ResourceNotFoundException,
  )
})

// Developer Guide, "Paginating table query results": order of the sort key, pages as small as one likes.
test('paginators read all of a partition, and of the table', async () => {
  const put = (s) => ({ PutRequest: { Item: { p: 'pages', s, kind: s % 2 ? 'odd' : 'even' } } })
  await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: [5, 30, 1, 2, 10, 4].map(put) } }))
  const query = {
    TableName,
    KeyConditionExpression: 'p = :p AND s BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':p': 'pages', ':from': 2, ':to': 10 },
  }
  const sorts = []
  for await (const page of paginateQuery({ client: documents, pageSize: 2 }, query)) {
    sorts.push(...page.Items.map((item) => item.s))
  }
  assert.deepEqual(sorts, [2, 4, 5, 10])
  const { Items } = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: 'by-kind',
      KeyConditionExpression: 'kind = :kind',
      ExpressionAttributeValues: { ':kind': 'odd' },
    }),
  )
  assert.deepEqual(Items.map((item) => item.s).sort(), [1, 5])
  let count = 0
  for await (const page of paginateScan(
    { client: documents, pageSize: 3 },
    { TableName, FilterExpression: 'p = :p', ExpressionAttributeValues: { ':p': 'pages' } },
  )) {
    count += page.Count
  }
  assert.equal(count, 6)
})

// Developer Guide, "DynamoDB transactions": all or nothing, and why.
test('a transaction that fails leaves nothing, and says why', async () => {
  const put = (s, ConditionExpression) => ({ Put: { TableName, Item: { p: 'all', s }, ConditionExpression } })
  await documents.send(new TransactWriteCommand({ TransactItems: [put(1), put(2)] }))
  await assert.rejects(
    documents.send(new TransactWriteCommand({ TransactItems: [put(3), put(1, 'attribute_not_exists(p)')] })),
    (error) => {
      assert.ok(error instanceof TransactionCanceledException)
      assert.deepEqual(
        error.CancellationReasons.map((reason) => reason.Code),
        ['None', 'ConditionalCheckFailed'],
      )
      return true
    },
  )
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { p: 'all', s: 3 } }))
  assert.equal(Item, undefined)
})
