"""Event types of Functions: source, destination and insert functions.

Deploying a version and opening the code are the same for all three kinds and declared once.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, attempt, reason, secret
from auditapp.catalogue.types import EventType

_declare = partial(declaring.declare, area="functions")

_SOURCE_FUNCTION = Target("source_function", "fun_2cVx5QnJaO8wRk4BtYd7Ms", "Returns webhook")
_DESTINATION_FUNCTION = Target("destination_function", "fun_7gLp1ZeHuS3mXf9KrIw6Ca", "Kiosk receipts")
_INSERT_FUNCTION = Target("insert_function", "fun_5yTb0NdWqG6jVo2EhUz8Lk", "Hash e-mail")
_FUNCTION = Target("insert_function", "fun_8mXa3RsCfP1kQi7VbJt4Ye", "Order enrichment")


def _lifecycle(kind: str, function: Target, *, modified_aliases: tuple[str, ...] = ()) -> tuple[EventType, ...]:
    """Created, modified and deleted for one kind of function; Segment names each kind apart. Here there are insert functions."""
    key = function.type
    return (
        _declare(
            f"{key}.created",
            f"{kind} Function Created",
            "created {resource}",
            function,
            Change("name", "Name", None, function.name),
            Change("code_sha256", "Code fingerprint", None, "9f2c4e1b"),
            revertible=function is _INSERT_FUNCTION,
        ),
        _declare(
            f"{key}.modified",
            f"{kind} Function Modified",
            "changed {resource}",
            function,
            Change("description", "Description", "", "Adds the store number"),
            Change("code_sha256", "Code fingerprint", "9f2c4e1b", "1d80a77c"),
            aliases=modified_aliases,
        ),
        _declare(
            f"{key}.deleted",
            f"{kind} Function Deleted",
            "deleted {resource}",
            function,
            Change("name", "Name", function.name, None),
            Change("code_sha256", "Code fingerprint", "9f2c4e1b", None),
            Change("asks_for", "Settings that it asks for", ["apiKey = Key (Text, required, secret)"], None),
            Change("resource_type", "Made for", "INSERT_SOURCE", None),
            Change("deployed_version", "Deployed version", 3, None),
            revertible=function is _INSERT_FUNCTION,
        ),
    )


TYPES: tuple[EventType, ...] = (
    *_lifecycle("Source", _SOURCE_FUNCTION, modified_aliases=("Source Function Updated",)),
    *_lifecycle("Destination", _DESTINATION_FUNCTION),
    *_lifecycle("Insert", _INSERT_FUNCTION),
    _declare(
        "insert_function.restored",
        "Insert Function Restored",
        "restored {resource}",
        _INSERT_FUNCTION,
        Change("name", "Name", None, "Hash e-mail"),
        Change("code_sha256", "Code fingerprint", None, "9f2c4e1b"),
    ),
    _declare(
        "function.deployed",
        "Function Deployed",
        "deployed version {meta.version} of {resource}",
        _FUNCTION,
        Meta("version", "Version", 42),
        Change("deployed_version", "Deployed version", 41, 42),
    ),
    _declare(
        "function.version_restored",
        "Function Version Restored",
        "restored version {meta.version} of {resource}",
        _FUNCTION,
        Meta("version", "Version", 40),
        Change("latest_version", "Latest version", 42, 43),
        Change("code_sha256", "Code fingerprint", "1d80a77c", "9f2c4e1b"),
        like="deployed",
    ),
    _declare(
        "function.settings_modified",
        "Function Settings Modified",
        "changed settings of {resource}[ in {target.1}]",
        _FUNCTION,
        Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze"),
        Change("settings.region", "Region", "eu-west", "eu-north"),
        secret("settings.api_key", "API key"),
    ),
    _declare(
        "function.enabled",
        "Function Enabled",
        "enabled {resource}[ in {target.1}]",
        _FUNCTION,
        Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze"),
        Change("enabled", "Enabled", False, True),
    ),
    _declare(
        "function.disabled",
        "Function Disabled",
        "disabled {resource}[ in {target.1}]",
        _FUNCTION,
        Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze"),
        Change("enabled", "Enabled", True, False),
        Change("settings.region", "Region", "eu-north", None),
    ),
    _declare("function.viewed", "Function Viewed", "opened the code of {resource}", _FUNCTION),
    _declare(
        "function.run_failed",
        "Function Run Failed",
        "failed to run {resource}[ on attempt {meta.attempt}]",
        _FUNCTION,
        attempt(6),
        reason("Timeout after 5 s"),
        Meta("version", "Version", 42),
    ),
)
