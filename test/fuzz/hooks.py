"""What a generic fuzzer cannot know of this API: what is there, that a key names one request, and that webhooks call whoever they name."""

import itertools
import json
import os
import random
import time

import requests
import schemathesis
from schemathesis import Response

# The example in the document; where it stands, a new key is meant, as on the reference page.
EXAMPLE_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
# Nobody listens there, so nobody on the Internet is called.
NOWHERE = "http://127.0.0.1:9/hook"
SEED = os.environ["FLORIN_FUZZ_SEED"]
# Of this run of the fuzzer among those on one stage: what one has named, another names no more.
RUN = os.environ["FLORIN_FUZZ_RUN"]
# Ids of what is there, by the name of the path variable.
KNOWN = json.loads(os.environ["FLORIN_FUZZ_IDS"])
# A body that is right for each operation that has one, by its name.
RIGHT_BODIES = json.loads(os.environ["FLORIN_FUZZ_BODIES"])
# What is found only under the first of what it belongs to.
PARENTS = {"monitorId": "accountId", "deliveryId": "webhookId"}
# What ends the thing that it is done to.
ENDINGS = {"captureHold", "voidHold", "deleteMonitor", "deleteWebhook", "reprocessDeadLetter", "discardDeadLetter", "revokeClient"}
# What says that nothing could be answered for now, and asks to be asked again: a machine that is too busy makes DynamoDB answer too late.
NOT_NOW = {503, 504}
# So often, a second apart, whoever is told so asks again. A fault that has a cause of its own is still there then.
TRIES = 20
# How many of the requests that are right in themselves are about accounts that are there.
SHARE_OF_KNOWN = 0.9

again = requests.Session()
again.trust_env = False
numbers = itertools.count(1)
chance = random.Random(SEED)
# By path variable and id, the operation that is tried with it.
assigned = {}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Lets each operation be tried once with a right body and ids that are there, and no other operation with the same ids if there are enough."""
    uses = {}
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            for media_type in operation.get("requestBody", {}).get("content", {}).values():
                media_type["example"] = RIGHT_BODIES[operation["operationId"]]
            for parameter in operation.get("parameters", []):
                # What is there is this tenant's.
                if parameter["name"] == "tenant":
                    parameter["schema"].pop("example", None)
            parameters = [each for each in operation.get("parameters", []) if each["in"] == "path"]
            names = {each["name"] for each in parameters}
            for parameter in parameters:
                name = parameter["name"]
                if name not in KNOWN:
                    continue
                # The example of the document is of nothing that is there.
                component = parameter["schema"].get("$ref", "").removeprefix("#/components/schemas/")
                raw_schema["components"]["schemas"].get(component, parameter["schema"]).pop("example", None)
                use = uses[name] = uses.get(name, -1) + 1
                is_parent = any(PARENTS.get(child) == name for child in names)
                # The first stays, for what is under it.
                others = KNOWN[name][1:] if name in PARENTS.values() else KNOWN[name]
                parameter["example"] = KNOWN[name][0] if is_parent else others[use % len(others)]
                if not is_parent:
                    assigned.setdefault((name, parameter["example"]), operation["operationId"])


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if headers.get("Idempotency-Key") == EXAMPLE_KEY:
        headers["Idempotency-Key"] = f"fuzz-{RUN}-{next(numbers)}"
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    leave_to_others(case)
    if isinstance(case.body, dict) and isinstance(case.body.get("url"), str):
        case.body["url"] = NOWHERE
    if chance.random() > SHARE_OF_KNOWN:
        return
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f"fuzz-{RUN}-{next(numbers)}"
    if isinstance(case.body, dict):
        with_known(case.body)
        keep_rules(case.body)
        if case.operation.label == "POST /v1/accounts":
            case.body["id"] = f"fuzz:{RUN}:{next(numbers)}"
    query = case.query or {}
    # A cursor is of one query only, so none that is made up is taken.
    query.pop("cursor", None)
    if "asset" in query:
        query["asset"] = "USD/2"
    path = case.path_parameters or {}
    for child, parent in PARENTS.items():
        if child in path and parent in path:
            path[parent] = KNOWN[parent][0]


@schemathesis.hook
def after_call(context, case, response):
    """Asks again as a client has to, with the very same request, and lets the last answer be the one that is judged."""
    for _ in range(TRIES):
        if response.status_code not in NOT_NOW:
            return
        time.sleep(1)
        answer = again.send(response.request, timeout=case.operation.schema.config.request_timeout, allow_redirects=False)
        later = Response.from_requests(answer, verify=response.verify, _override=response._override)
        for name in Response.__slots__:
            setattr(response, name, getattr(later, name))


def leave_to_others(case):
    """Keeps an operation that ends things from those that another operation has yet to be tried with."""
    operation = case.operation.definition.raw.get("operationId")
    if operation not in ENDINGS:
        return
    path = case.path_parameters or {}
    for name, each in path.items():
        if assigned.get((name, each), operation) != operation:
            own = (known for (of, known), owner in assigned.items() if (of, owner) == (name, operation))
            path[name] = next(own, each)


def with_known(value):
    """Names accounts and an asset that are there, and amounts that they have, wherever a body names any."""
    if isinstance(value, list):
        for each in value:
            with_known(each)
        return
    if not isinstance(value, dict):
        return
    accounts = chance.sample(KNOWN["accountId"][:-1], 3)
    known = {
        "source": accounts[0],
        "destination": accounts[1],
        "account": accounts[2],
        "asset": "USD/2",
        "amount": str(chance.randint(1, 1_000)),
        "url": NOWHERE,
    }
    for name, each in value.items():
        if name in known and isinstance(each, (str, int)):
            value[name] = known[name]
        elif name != "metadata":
            with_known(each)


def keep_rules(body):
    """Takes away what does not go with the rest of a body; a schema cannot say so."""
    if body.get("below") is not None:
        body.pop("above", None)
    if not body.get("unbounded"):
        body.pop("shards", None)
    if "ids" in body:
        body.pop("filter", None)
        body.pop("limit", None)
    for member in body.get("transactions", []):
        if "postings" in member:
            for name in ("source", "destination", "asset", "amount", "exchange"):
                member.pop(name, None)
        else:
            accounts = chance.sample(KNOWN["accountId"][:-1], 2)
            member.update(source=accounts[0], destination=accounts[1], asset="USD/2", amount="1")
            member.pop("type", None)
            member.pop("exchange", None)
