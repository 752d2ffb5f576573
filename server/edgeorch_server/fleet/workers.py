"""A worker on a work queue: errors back off and never end it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from edgeorch.errors import ApiError, Conflict
from edgeorch_server.workqueue import KeyT, WorkQueue

logger = logging.getLogger(__name__)


async def work(queue: WorkQueue[KeyT], handle: Callable[[KeyT], Awaitable[None]]) -> None:
    """Handle keys for ever; one whose handling raises is queued again after its back-off."""
    while True:
        key = await queue.get()
        try:
            await handle(key)
        except Conflict as exc:  # somebody else wrote meanwhile: read again
            logger.debug("%s: %s", key, exc)
            queue.retry(key)
        except ApiError as exc:
            delay = queue.retry(key)
            logger.warning("%s could not be taken in, again in %.3f s: %s", key, delay, exc)
        except Exception:
            delay = queue.retry(key)
            logger.exception("%s could not be taken in, again in %.3f s", key, delay)
        else:
            queue.forget(key)
        finally:
            queue.done(key)
