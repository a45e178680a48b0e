"""What becomes of an event at a stage, in the codes of the field. Each is counted under its own name."""

from enum import StrEnum


class Verdict(StrEnum):
    """Accepted, or why an event goes no further; the lower ones are decided at the source, the capitals for one destination.

    Those of functions are the same at both.
    """

    ACCEPTED = "accepted"
    EVENT_SETTING = "event_setting"
    UNPLANNED = "unplanned"
    SCHEMA_VIOLATION = "schema_violation"
    UNPLANNED_AND_SCHEMA_VIOLATION = "unplanned_and_schema_violation"
    COMMON_SCHEMA_VIOLATION = "common_schema_violation"
    DROPPED_BY_FUNCTION = "dropped_by_function"
    BAD_REQUEST = "bad_request"
    MESSAGE_REJECTED = "message_rejected"
    UNSUPPORTED_EVENT_TYPE = "unsupported_event_type"
    GATEWAY_TIMEOUT = "gateway_timeout"
    RETRY = "retry"
    FUNCTIONS_LOCK_OUT = "functions_lock_out"
    DROPPED_BY_TRANSFORMATION = "dropped_by_transformation"
    TRANSFORMATION_FAILED = "transformation_failed"
    FILTERED_BY_RULES = "FILTERED_BY_RULES"
    FILTERED_BY_INTEGRATIONS_OBJECT = "FILTERED_BY_INTEGRATIONS_OBJECT"
    INTERNAL = "INTERNAL"
