"""Many transactions at once. Developer Guide: "Isolation levels for DynamoDB transactions": transactions are serializable."""

import graphlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.refusal import refused

CLIENTS = 8
TURNS = 40


@pytest.fixture
def together(seed):
    """Does something in as many threads as there are clients, each with a number and dice of its own, all from the same moment on."""

    def together(work, clients=CLIENTS):
        start = threading.Barrier(clients)

        def one(number):
            start.wait(30)
            return work(number, random.Random(f"{seed}-{number}"))

        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(one, range(clients)))

    return together


class Accounts:
    """Items with a balance, in two tables."""

    def __init__(self, ddb, tables, number=6, balance=100):
        self.ddb, self.number = ddb, number
        self.tables, self.total = tables, number * balance
        for account in range(number):
            tables[account % 2].put({"p": str(account), "balance": balance})

    def place(self, account):
        return {"TableName": self.tables[account % 2].name, "Key": {"p": {"S": str(account)}}}

    def change(self, account, amount, **more):
        return {
            **self.place(account),
            "UpdateExpression": "SET balance = balance + :amount",
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}, **more.pop("values", {})},
            **more,
        }

    def transfer(self, dice):
        """Moves money, if there is as much; whether it did."""
        source, target = dice.sample(range(self.number), 2)
        amount = dice.randrange(1, 60)
        enough = {"ConditionExpression": "balance >= :least", "values": {":least": {"N": str(amount)}}}
        try:
            self.ddb.transact_write_items(
                TransactItems=[{"Update": self.change(source, -amount, **enough)}, {"Update": self.change(target, amount)}]
            )
        except self.ddb.exceptions.TransactionCanceledException as cancelled:
            codes = [reason["Code"] for reason in cancelled.response["CancellationReasons"]]
            assert codes == ["ConditionalCheckFailed", "None"]
            return False
        return True

    def balances(self):
        """All balances, as one transaction sees them."""
        wanted = [{"Get": self.place(account)} for account in range(self.number)]
        answer = self.ddb.transact_get_items(TransactItems=wanted)["Responses"]
        return [int(response["Item"]["balance"]["N"]) for response in answer]


def test_transfers_keep_the_sum(ddb, create, together):
    """Reads see all of a transaction or nothing of it, and no condition passes that does not hold when the writes are made."""
    accounts = Accounts(ddb, [create("p"), create("p")])

    def work(number, dice):
        done = 0
        for _ in range(25):
            if number % 4 == 3:
                seen = accounts.balances()
                assert sum(seen) == accounts.total and min(seen) >= 0, seen
            else:
                done += accounts.transfer(dice)
        return done

    assert sum(together(work)) > 0
    seen = accounts.balances()
    assert sum(seen) == accounts.total and min(seen) >= 0, seen


def test_random_transactions_have_an_order(ddb, plain, together):
    """Every history is one that could have happened with one transaction after the other.

    Each transaction appends its name to the logs of some items, or reads some logs. The log of an item gives the order of those that wrote it, and
    shows which of them came before a read and which after; all of these orders together must be free of circles.
    """
    items = [str(number) for number in range(5)]
    for item in items:
        plain.put({"p": item, "log": []})
    place = {item: {"TableName": plain.name, "Key": {"p": {"S": item}}} for item in items}

    def append(item, name):
        return {
            **place[item],
            "UpdateExpression": "SET #l = list_append(#l, :name)",
            "ExpressionAttributeNames": {"#l": "log"},
            "ExpressionAttributeValues": {":name": {"L": [{"S": name}]}},
        }

    def log(response):
        return [entry["S"] for entry in response["Item"]["log"]["L"]]

    def work(number, dice):
        reads, writes = {}, {}
        for turn in range(TURNS):
            name, some = f"{number}-{turn}", dice.sample(items, dice.randrange(2, 4))
            if dice.random() < 0.5:
                ddb.transact_write_items(TransactItems=[{"Update": append(item, name)} for item in some])
                writes[name] = some
            else:
                answer = ddb.transact_get_items(TransactItems=[{"Get": place[item]} for item in some])["Responses"]
                reads[name] = {item: log(response) for item, response in zip(some, answer)}
        return reads, writes

    histories = together(work)
    final = {item: plain.get({"p": item})["log"] for item in items}
    writes = {name: some for _, writes in histories for name, some in writes.items()}
    for item, entries in final.items():
        assert sorted(entries) == sorted(name for name, some in writes.items() if item in some)
    before = graphlib.TopologicalSorter()
    for entries in final.values():
        for earlier, later in zip(entries, entries[1:]):
            before.add(later, earlier)
    for name, seen in ((name, seen) for reads, _ in histories for name, seen in reads.items()):
        for item, entries in seen.items():
            assert entries == final[item][: len(entries)]
            if entries:
                before.add(name, entries[-1])
            if len(entries) < len(final[item]):
                before.add(final[item][len(entries)], name)
    for number in range(CLIENTS):
        for turn in range(1, TURNS):
            before.add(f"{number}-{turn}", f"{number}-{turn - 1}")
    list(before.static_order())


def test_single_writes_and_transactions(ddb, plain, together):
    """"Isolation levels": also between transactions and UpdateItem, PutItem or DeleteItem."""
    for item in ("a", "b"):
        plain.put({"p": item, "n": 0})
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    def work(number, dice):
        for _ in range(TURNS):
            if number % 2:
                plain.update({"p": dice.choice("ab")}, **add)
            else:
                both = [{"Update": {"TableName": plain.name, "Key": {"p": {"S": item}}, **add}} for item in ("a", "b")]
                ddb.transact_write_items(TransactItems=both)

    together(work)
    assert plain.get({"p": "a"})["n"] + plain.get({"p": "b"})["n"] == 3 * TURNS * CLIENTS // 2


def test_only_one_creates(ddb, plain, together):
    """Of many transactions that each ask for an item not to be there, one makes it."""

    def work(number, dice):
        made = 0
        for item in range(TURNS):
            new = {"p": {"S": str(item)}, "by": {"N": str(number)}}
            put = {"TableName": plain.name, "Item": new, "ConditionExpression": "attribute_not_exists(p)"}
            other = {"TableName": plain.name, "Item": {"p": {"S": f"{item} by {number}"}}}
            try:
                ddb.transact_write_items(TransactItems=[{"Put": put}, {"Put": other}])
                made += 1
            except ddb.exceptions.TransactionCanceledException:
                pass
        return made

    assert sum(together(work)) == TURNS
    assert plain.scan(Select="COUNT")["Count"] == 2 * TURNS


def test_one_token_at_once(ddb, plain, together):
    """"Idempotency": of many requests with one token, however they meet, one takes effect."""
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    action = {"Update": {"TableName": plain.name, "Key": {"p": {"S": "x"}}, **add}}

    def work(number, dice):
        for turn in range(5):
            ddb.transact_write_items(TransactItems=[action], ClientRequestToken=f"turn-{turn}")

    together(work)
    assert plain.get({"p": "x"})["n"] == 5
    other = {"Update": {**action["Update"], "Key": {"p": {"S": "y"}}}}
    with refused("IdempotentParameterMismatchException"):
        ddb.transact_write_items(TransactItems=[other], ClientRequestToken="turn-0")


def test_batches_write_each_item_whole(ddb, plain, together):
    """BatchWriteItem: "The individual PutItem and DeleteItem operations specified in BatchWriteItem are atomic"."""

    def work(number, dice):
        for turn in range(10):
            mark = {"S": f"{number}-{turn}"}
            puts = [{"PutRequest": {"Item": {"p": {"S": str(item)}, "a": mark, "b": mark}}} for item in range(10)]
            assert ddb.batch_write_item(RequestItems={plain.name: puts})["UnprocessedItems"] == {}
            keys = [{"p": {"S": str(item)}} for item in range(10)]
            found = ddb.batch_get_item(RequestItems={plain.name: {"Keys": keys}})["Responses"][plain.name]
            assert len(found) == 10 and all(item["a"] == item["b"] for item in found)

    together(work)
    assert plain.describe()["ItemCount"] == 10
