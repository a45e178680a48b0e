"""Sends events with Segment's own library for Python: send_events.py <host> <write key> <how many>."""

import sys

from segment.analytics.client import Client

host, write_key, events = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = Client(write_key, host=host, gzip=True, max_retries=10, max_queue_size=events + 1, upload_size=100)
for number in range(events):
    is_queued, _ = client.track("usr_1", "Order Completed", {"number": number})
    if not is_queued:
        sys.exit(f"event {number} was not queued")
client.shutdown()
