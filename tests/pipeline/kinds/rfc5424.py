"""A parser of syslog that takes what RFC 5424 and RFC 6587 allow, and nothing else."""

import re
from dataclasses import dataclass
from datetime import datetime

HEAD = re.compile(
    rb"<(0|[1-9]\d{0,2})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
NAME = rb"[!#-<>-\\^-~]{1,32}"
VALUE = rb'(?:[^"\\\]]|\\["\\\]])*'
ELEMENT = re.compile(rb"\[(" + NAME + rb")((?: " + NAME + rb'="' + VALUE + rb'")*)\]')
PARAM = re.compile(rb" (" + NAME + rb')="(' + VALUE + rb')"')
BOM = b"\xef\xbb\xbf"


@dataclass
class Message:
    facility: int
    severity: int
    at: datetime
    hostname: str
    app_name: str
    procid: str
    msgid: str
    data: dict[str, dict[str, str]]
    text: str


def frames_of(stream: bytes) -> list[bytes]:
    """Messages by their octet counts; every byte belongs to one."""
    frames = []
    while stream:
        length, _, rest = stream.partition(b" ")
        assert re.fullmatch(rb"[1-9]\d*", length), length[:20]
        assert len(rest) >= int(length)
        frames.append(rest[: int(length)])
        stream = rest[int(length) :]
    return frames


def parsed(frame: bytes) -> Message:
    head = HEAD.match(frame)
    assert head, frame[:200]
    priority = int(head[1])
    assert priority <= 191
    rest, data = frame[head.end() :], {}
    while element := ELEMENT.match(rest):
        assert element[1].decode() not in data
        params = [(name.decode(), _unescaped(value.decode())) for name, value in PARAM.findall(element[2])]
        assert len(dict(params)) == len(params)
        data[element[1].decode()] = dict(params)
        rest = rest[element.end() :]
    assert data
    assert rest.startswith(b" " + BOM), rest[:200]
    text = rest[1 + len(BOM) :].decode("utf-8")
    # No collector takes any of these for the end of a line.
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", frame.decode("utf-8"))
    names = [head[number].decode() for number in range(3, 7)]
    return Message(priority // 8, priority % 8, datetime.fromisoformat(head[2].decode()), *names, data, text)


def _unescaped(value: str) -> str:
    return re.sub(r'\\(["\\\]])', r"\1", value)
