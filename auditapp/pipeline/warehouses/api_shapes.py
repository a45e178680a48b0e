"""What the endpoints of warehouses take and answer, for the API's documentation. Answers are made in api.py; tests hold them to it."""

from typing import Any, Final, Literal

from ninja import Schema

from auditapp.pipeline.warehouses.connecting import SSL_MODES
from auditapp.pipeline.warehouses.schedules import SCHEDULES
from auditapp.sources.api import SourceShape
from auditapp.web.api_resources import PaginationShape

TEXT: Final = {"type": "string", "minLength": 1}
SETTINGS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "host": TEXT,
        "port": {"type": "integer", "minimum": 1, "maximum": 65_535, "default": 5432},
        "database": TEXT,
        "username": TEXT,
        "password": {"type": "string", "description": "Sealed before it is stored, and never answered."},
        "sslmode": {"type": "string", "enum": list(SSL_MODES)},
    },
    "additionalProperties": False,
}
METADATA_ID: Final = {"type": "string", "enum": ["postgresql"]}
SCHEDULE: Final = {"type": "string", "enum": list(SCHEDULES)}
NAME: Final = {"type": "string", "maxLength": 100}


class WarehouseMetadataShape(Schema):
    id: str
    name: str
    slug: str
    description: str
    logos: dict[str, str]
    options: list[dict[str, Any]]


class WarehouseShape(Schema):
    id: str
    name: str
    metadata: WarehouseMetadataShape
    workspaceId: str
    enabled: bool
    settings: dict[str, Any]
    schedule: str
    createdAt: str


class WarehouseData(Schema):
    warehouse: WarehouseShape


class WarehouseAnswer(Schema):
    data: WarehouseData


class WarehouseListData(Schema):
    warehouses: list[WarehouseShape]
    pagination: PaginationShape


class WarehouseListAnswer(Schema):
    data: WarehouseListData


class FindingData(Schema):
    status: Literal["CONNECTED", "FAILED"]
    code: str | None = None
    message: str | None = None


class FindingAnswer(Schema):
    data: FindingData


class ConnectionStateData(Schema):
    connectionState: Literal["CONNECTED", "FAILED"]
    code: str | None = None
    message: str | None = None


class ConnectionStateAnswer(Schema):
    data: ConnectionStateData


class ConnectedSourcesData(Schema):
    sources: list[SourceShape]
    pagination: PaginationShape


class ConnectedSourcesAnswer(Schema):
    data: ConnectedSourcesData


class ConnectedData(Schema):
    status: Literal["CONNECTED"]


class ConnectedAnswer(Schema):
    data: ConnectedData


class SyncNoticeShape(Schema):
    level: str
    message: str
    createdAt: str


class SyncShape(Schema):
    """Segment's: a sync of one source; of a continuous warehouse, those of an hour that went the same way."""

    id: str
    sourceId: str
    start: str
    end: str | None
    status: str
    duration: float
    humanDuration: str
    count: int
    notices: list[SyncNoticeShape]


class SyncsData(Schema):
    reports: list[SyncShape]
    pagination: PaginationShape


class SyncsAnswer(Schema):
    data: SyncsData


class StartedData(Schema):
    status: Literal["STARTED", "HASTENED"]


class StartedAnswer(Schema):
    data: StartedData
