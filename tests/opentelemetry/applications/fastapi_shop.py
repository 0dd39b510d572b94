"""A shop of FastAPI."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from tests.opentelemetry.applications.instrumentation import flush, start

start()
shop = FastAPI()


@shop.api_route("/items/{number}", methods=["GET", "HEAD"])
async def item(number: int) -> dict[str, int]:
    return {"number": number}


@shop.post("/orders")
async def order() -> PlainTextResponse:
    return PlainTextResponse("ordered", 201)


@shop.get("/boom")
async def boom() -> None:
    raise RuntimeError("boom")


@shop.get("/flush")
def flush_all() -> str:
    flush()
    return "flushed"


FastAPIInstrumentor.instrument_app(shop, excluded_urls="flush")
uvicorn.run(shop, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
