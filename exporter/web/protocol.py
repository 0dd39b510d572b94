"""What cannot be read as HTTP never reaches the routes: it gets the same shape of error, and no traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.web.endpoints import error_response

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

log = logging.getLogger(__name__)

UNREADABLE = "the request is not HTTP that can be read here"
FAILED = "the service could not answer; its log says why"


class Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what broke outside the routes: strangers fill no log, our own faults are logged once."""
        if request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            log.debug("a request of %s is not HTTP: %s", request.remote, message)
        else:
            log.error("answering %s failed", request.remote, exc_info=exc)
        response = error_response(status, UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else FAILED)
        response.force_close()
        return response
