"""The sealer: the loop that seals whatever waits, until it is told to stop."""

import logging
import threading
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from auditapp.sealing.errors import SealKeyMissing
from auditapp.sealing.services import seal_batch

logger = logging.getLogger(__name__)

BATCH: Final = 1_000
POLL_S: Final = 0.25
MAX_PAUSE_S: Final = 10.0


def run_sealer(stop: threading.Event) -> None:
    """Seal until `stop` is set. A database that is away is waited for; without its key the sealer ends, and says why.

    Any number of these may run: whatever one has in hand, the others pass over.
    """
    pause_s = POLL_S
    try:
        while not stop.is_set():
            try:
                sealed = sum(batch.size - batch.start for batch in seal_batch(limit=BATCH))
            except SealKeyMissing as missing:
                logger.critical("The sealer stops. %s", missing.message)
                return
            except (OperationalError, InterfaceError) as error:
                if pause_s == POLL_S:
                    logger.warning("The sealer waits for the database: %s", str(error).strip())
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
                connection.close()
                stop.wait(pause_s)
                continue
            if pause_s != POLL_S:
                logger.info("The sealer has the database again.")
                pause_s = POLL_S
            # A full batch means that more is waiting.
            if sealed < BATCH // 2:
                stop.wait(POLL_S)
    finally:
        connection.close()
