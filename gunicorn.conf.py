"""What every gunicorn that is started in this folder reads: its own lines are written as all others are (settings/logs.py)."""

from gunicorn.glogging import Logger

from settings.logs import JsonFormatter


class JsonLogger(Logger):
    """One line of JSON for each start, stop and death of a worker; for each request too, where --access-logfile asks for it."""

    def _set_handler(self, log, output, fmt, stream=None):
        super()._set_handler(log, output, JsonFormatter(), stream)


logger_class = JsonLogger
