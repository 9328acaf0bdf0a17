"""What a generic fuzzer cannot know of this API: a key names one request, and webhooks call whoever they name."""

import itertools
import os

import schemathesis

# The example in the document; where it stands, a new key is meant, as on the reference page.
EXAMPLE_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
# Nobody listens there, so nobody on the Internet is called.
NOWHERE = "http://127.0.0.1:9/hook"

numbers = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if headers.get("Idempotency-Key") == EXAMPLE_KEY:
        headers["Idempotency-Key"] = f"fuzz-{os.environ['FLORIN_FUZZ_SEED']}-{next(numbers)}"
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and isinstance(case.body, dict) and isinstance(case.body.get("url"), str):
        case.body["url"] = NOWHERE
