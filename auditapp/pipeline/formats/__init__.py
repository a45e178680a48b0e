"""Events in the forms that other systems read: Segment's own, OCSF, ECS and CEF."""
