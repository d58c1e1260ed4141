"""The only module that knows Kopf, which lists and watches, and hands every event to the reflector.

Kopf patches nothing, keeps no state on the objects, and is started again when it ends for whatever reason.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import kopf

from inference_operator.api.schema import GROUP, VERSION
from inference_operator.context import Context
from inference_operator.errors import ReconcileError
from inference_operator.kube import SECRET_SELECTOR
from inference_operator.objects import Kind, Raw
from inference_operator.reflector import KINDS, check_served, observe, observe_secret

LOGGER = logging.getLogger(__name__)
_RESTART_DELAY = 0.5  # seconds
_LONGEST_RESTART_DELAY = 30.0
_END_GRACE = 7.0  # seconds; Kopf itself waits 5 for its tasks
_IDENTITY = "inference-operator"  # else Kopf asks for the name of a user, which an arbitrary UID has not


class _NoDiffBase(kopf.DiffBaseStorage):
    """Kopf is to remember nothing on the objects: every version is like the last one."""

    def fetch(self, *, body: kopf.Body) -> Any:  # noqa: ARG002 - Kopf's interface
        return {}

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> Any:  # noqa: ARG002 - Kopf's interface
        return {}

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        """Store nothing."""


def settings() -> kopf.OperatorSettings:
    """Kopf's settings for a mere reflector of many objects."""
    configured = kopf.OperatorSettings()
    configured.posting.enabled = False
    configured.scanning.disabled = True
    configured.peering.standalone = True
    configured.persistence.diffbase_storage = _NoDiffBase()
    configured.persistence.finalizer = f"{GROUP}/unused"
    configured.queueing.idle_timeout = 0.2  # each listed object is kept for this long
    configured.watching.chunk_size = 100
    configured.watching.server_timeout = 300
    configured.watching.client_timeout = 330
    configured.watching.connect_timeout = 10
    configured.watching.inactivity_timeout = 70
    configured.watching.field_selectors["v1", "secrets"] = SECRET_SELECTOR
    configured.networking.request_timeout = 30
    configured.networking.error_backoffs = (0.5, 1, 2, 4, 8)  # then it ends, and is started again
    configured.process.ultimate_exiting_timeout = None  # it would kill the whole process
    return configured


Observer = Callable[[Kind | None, str | None, Raw], None]
"""Takes in one event: about one of our kinds, or (None) about a Secret."""


def registry(tell: Observer, ending: Callable[[], None]) -> kopf.OperatorRegistry:
    """The handlers: one per kind, one for Secrets, and one that is told when Kopf ends."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(_login)

    def forward(kind: Kind | None) -> Callable[..., Coroutine[Any, Any, None]]:
        async def on_event(event: Mapping[str, Any], **_: Any) -> None:
            tell(kind, event["type"], event["object"])

        return on_event

    for kind in KINDS:
        kopf.on.event(GROUP, VERSION, kind.plural, id=kind.plural, registry=handlers)(forward(kind))
    kopf.on.event("v1", "secrets", id="secrets", registry=handlers)(forward(None))

    async def on_cleanup(**_: Any) -> None:
        ending()

    kopf.on.cleanup(registry=handlers)(on_cleanup)
    return handlers


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)


class StuckError(Exception):
    """Kopf has begun to end and does not get there."""


class Watch:
    """Kopf in a thread and an event loop of its own, run again whenever it ends.

    When Kopf ends it cancels every task of its loop, and it would take over the handling of signals in the main
    thread; so it shares neither with the workers. Events are handed over to the loop that made the Watch.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._halt: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; it does so on its own."""
        self._stop.set()
        if self._halt is not None:
            with contextlib.suppress(RuntimeError):  # that loop is closed already
                self._halt()

    @property
    def running(self) -> bool:
        """Whether its thread lives."""
        return self._thread.is_alive()

    def _tell(self, kind: Kind | None, event: str | None, raw: Raw) -> None:
        if kind is None:
            self._loop.call_soon_threadsafe(observe_secret, self._ctx, event, raw)
        else:
            self._loop.call_soon_threadsafe(observe, self._ctx, kind, event, raw)

    def _run(self) -> None:
        delay = _RESTART_DELAY
        while not self._stop.is_set():
            begin = time.monotonic()
            self._run_once()
            lived = time.monotonic() - begin
            delay = (
                _RESTART_DELAY if lived > _LONGEST_RESTART_DELAY else min(delay * 2, _LONGEST_RESTART_DELAY)
            )
            if not self._stop.wait(delay):
                self._ctx.metrics.watch_restarts.inc()

    def _run_once(self) -> None:
        try:
            asyncio.run(self._operate())
        except asyncio.CancelledError:
            return  # by `stop`
        except ReconcileError as error:
            LOGGER.warning("the watch cannot begin yet: %s", error.message)
        except Exception as error:  # noqa: BLE001 - whatever ended it, it must go on
            what = self._ctx.redactor.sanitise(f"{type(error).__name__}: {error}")
            LOGGER.warning("the watch ended and is started again: %s", what)

    async def _operate(self) -> None:
        """Run Kopf to its end, which it cannot be trusted to reach.

        When it fails, a request of its own may swallow the one cancellation that it is sent, and wait for ever for a
        login that nobody makes any more. So it is given some time from its clean-up on; then it is cancelled again.
        """
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(check_served(self._ctx), self._loop))
        ending = asyncio.Event()
        clean_up = asyncio.create_task(ending.wait())
        operator = asyncio.create_task(
            kopf.operator(
                registry=registry(self._tell, ending.set),
                settings=settings(),
                clusterwide=True,
                standalone=True,
                identity=_IDENTITY,  # type: ignore[arg-type]  # its NewType is not public
            )
        )
        loop = asyncio.get_running_loop()
        # Not by Kopf's stop flag: it would be waited for by a task that keeps a failed Kopf from ending for 5 s.
        self._halt = lambda: loop.call_soon_threadsafe(operator.cancel)
        if self._stop.is_set():
            operator.cancel()
        await asyncio.wait({operator, clean_up}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({operator}, timeout=_END_GRACE)
        clean_up.cancel()
        if not done:
            raise StuckError  # and `asyncio.run` cancels all that is left
        operator.result()
