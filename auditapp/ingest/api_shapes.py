"""What the API takes in its query and what it answers, for its documentation and for checking the query.

Answers are made in answers.py; tests hold them to these shapes.
"""

from typing import Annotated, Any, Literal

from ninja import Field, Schema

from auditapp.ingest.event_search import AREA_KEYS
from auditapp.web.api_resources import ErrorShape, Text

Texts = Annotated[list[Text], Field(max_length=50)]


class EventSearch(Schema):
    """Segment's parameters, then ours. Ours may be repeated, and `!` before a value leaves it out."""

    start_time: Text | None = Field(None, alias="startTime", description="Events at or after this RFC 3339 time.")
    end_time: Text | None = Field(None, alias="endTime", description="Events before this time; now by default.")
    resource_id: Text | None = Field(None, alias="resourceId", description="Events about this resource.")
    resource_type: Text | None = Field(None, alias="resourceType", description="A kind of resource, e.g. warehouse.")
    count: int = Field(200, alias="pagination[count]", ge=1, le=1000)
    cursor: Text | None = Field(None, alias="pagination[cursor]", description="`next` or `previous` of another page.")
    # Segment's SDKs write brackets, its reference a dot.
    dotted_count: int | None = Field(None, alias="pagination.count", ge=1, le=1000)
    dotted_cursor: Text | None = Field(None, alias="pagination.cursor")
    types: Texts = Field([], alias="type", description="Keys or names of event types.")
    areas: Texts = Field([], alias="area", description=f"Product areas: {', '.join(AREA_KEYS)}.")
    actors: Texts = Field([], alias="actor", description="Ids of actors.")
    tokens: Texts = Field([], alias="token", description="Ids of access tokens that acted.")
    outcomes: Texts = Field([], alias="outcome", description="success or failure.")
    ips: Texts = Field([], alias="ip", description="Addresses, or ranges such as 203.0.113.0/24.")
    supporters: Texts = Field(
        [], alias="support", description="Ids of who acted in a member's name as support, or * for any of them."
    )
    q: Text | None = Field(None, description='Words, "whole ones", -words to leave out.')
    text: Text | None = Field(None, description="Another name of q.")


class WorkspaceShape(Schema):
    id: str
    slug: str
    name: str


class WorkspaceData(Schema):
    workspace: WorkspaceShape


class WorkspaceAnswer(Schema):
    data: WorkspaceData


class TargetShape(Schema):
    type: str
    id: str
    name: str


class ChangeShape(Schema):
    """A field before and after. A side is absent where the field was added or removed."""

    path: str
    old: Any = None
    new: Any = None


class SealShape(Schema):
    """The place of the event in its workspace's log."""

    index: int


class RealActorShape(Schema):
    id: str
    name: str
    email: str | None = None


class EventShape(Schema):
    id: str
    timestamp: str
    type: str = Field(description="The display name of its type.")
    actor: str = Field(description="The id of who did it.")
    actorEmail: str | None = None
    realActor: RealActorShape | None = Field(None, description="Who acted in the actor's name, as support does.")
    resourceId: str
    resourceType: str
    resourceName: str
    eventType: str = Field(description="The key of its type.")
    declared: bool = Field(description="False where nobody declared its type.")
    area: str
    outcome: Literal["success", "failure"]
    actorName: str
    actorKind: str
    targets: list[TargetShape]
    changes: list[ChangeShape]
    changeCount: int
    meta: dict[str, Any]
    reverts: list[str] | None = Field(None, description="The events that it undid; absent where it undid none.")
    restores: list[str] | None = Field(None, description="The event whose version of its resource it restored.")
    task: str | None = Field(None, description="The task that it is an attempt at; absent where it is none.")
    attempt: int | None = Field(None, description="Which attempt it was.")
    of: int | None = Field(None, description="How many attempts there are at most.")
    final: bool | None = Field(None, description="Of a failed attempt, whether there will be no other.")
    ip: str | None
    userAgent: str | None
    requestId: str | None
    sessionId: str | None
    reason: str | dict[str, str] | None = Field(
        description="Why the actor did it, in their words; an object where a secret was taken out. Hidden from who sees no addresses."
    )
    scopeId: str | None
    receivedAt: str
    sealed: SealShape | None = Field(description="null while the event waits for its seal.")
    leafHash: str
    erasedBy: list[str]


class EventPaginationShape(Schema):
    current: str
    next: str | None
    previous: str | None


class EventsData(Schema):
    events: list[EventShape]
    pagination: EventPaginationShape


class EventsAnswer(Schema):
    data: EventsData


class ProofShape(Schema):
    """An RFC 6962 inclusion proof: from the leaf's hash along `path` to the root that the signed note `checkpoint` names."""

    index: int
    size: int
    path: list[str]
    checkpoint: str


class EventWithProof(EventShape):
    proof: ProofShape | None = Field(description="null until a checkpoint covers the event.")


class EventData(Schema):
    event: EventWithProof


class EventAnswer(Schema):
    data: EventData


class RecordedShape(Schema):
    id: str
    leafHash: str


class RecordedAnswer(Schema):
    data: RecordedShape


class ResultShape(Schema):
    """What became of one event of a batch: 201 recorded, 200 recorded before, 409 or 422 refused."""

    status: Literal[200, 201, 409, 422]
    id: str | None = None
    leafHash: str | None = None
    errors: list[ErrorShape] | None = None


class BatchData(Schema):
    results: list[ResultShape]


class BatchAnswer(Schema):
    data: BatchData


class TypeShape(Schema):
    key: str
    name: str
    area: str
    resourceType: str
    verb: Literal["create", "read", "update", "delete"]
    risk: Literal["routine", "notable", "risky"]
    sentence: str
    source: Literal["catalogue", "workspace", "undeclared"]
    events: int = Field(description="Sealed events of this type.")
    scope: str | None = Field(
        None, description="The section that all its events belong to; absent where there is none."
    )
    fields: list[dict[str, str]] | None = Field(None, description="What its events carry; of types in the catalogue.")
    sample: dict[str, Any] | None = Field(None, description="The body of one event; of types in the catalogue.")
    schema_: dict[str, Any] | bool | None = Field(None, alias="schema", description="JSON Schema of meta.")
    sensitivePaths: list[str] = Field([], description="Shown to who may see personal data alone.")


class TypesData(Schema):
    eventTypes: list[TypeShape]


class TypesAnswer(Schema):
    data: TypesData


class TypeData(Schema):
    eventType: TypeShape


class TypeAnswer(Schema):
    data: TypeData
