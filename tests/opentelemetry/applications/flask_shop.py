"""A shop of Flask."""

from __future__ import annotations

import sys

from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

from tests.opentelemetry.applications.instrumentation import flush, start

start()
shop = Flask(__name__)
FlaskInstrumentor().instrument_app(shop, excluded_urls="flush")  # type: ignore[no-untyped-call]


@shop.get("/items/<int:number>")
def item(number: int) -> dict[str, int]:
    return {"number": number}


@shop.post("/orders")
def order() -> tuple[str, int]:
    return "ordered", 201


@shop.get("/boom")
def boom() -> str:
    raise RuntimeError("boom")


@shop.get("/flush")
def flush_all() -> str:
    flush()
    return "flushed"


shop.run("127.0.0.1", int(sys.argv[1]))
