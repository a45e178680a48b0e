"""Search tokens: the same from a draft and from its sealed bytes, inside their workspace, bounded."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.envelope import opened, seal_bytes
from auditapp.record.search_tokens import MAX_TOKENS, ip_words, tokens_of, tsvector_text

AT = datetime(2026, 11, 24, tzinfo=UTC)


def _draft(**changed):
    values = {
        "workspace_id": 3,
        "id": new_event_id(),
        "type": "warehouse.disabled",
        "area": "warehouses",
        "actor": Actor("user", "usr_1", "Zoë", "zoe@example.com"),
        "targets": [Target("warehouse", "whs_1", "Snowflake prod")],
        "occurred_at": AT,
        "received_at": AT,
    }
    return EventDraft(**(values | changed))


def test_words_beyond_the_bound_are_the_same_from_the_sealed_bytes():
    # Unsorted keys with more words than are kept: order decides which.
    draft = _draft(meta={f"key{n}": f"word{n}" for n in reversed(range(100))})
    sealed = seal_bytes(draft)
    assert tokens_of(opened(orjson.loads(sealed.envelope), sealed.units)) == tokens_of(draft)


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(st.text(max_size=20), lambda s: st.lists(s, max_size=4), max_leaves=8),
        max_size=6,
    )
)
def test_any_meta_gives_the_same_tokens_from_its_sealed_bytes(meta):
    draft = _draft(meta=meta)
    sealed = seal_bytes(draft)
    found = tokens_of(draft)
    assert tokens_of(opened(orjson.loads(sealed.envelope), sealed.units)) == found
    assert len(found) <= MAX_TOKENS
    assert all(token.startswith("3:") for token in found)
    assert "\x00" not in tsvector_text(found)


def test_an_address_of_somebody_invited_is_a_word_of_the_personal_class():
    found = tokens_of(_draft(targets=[Target("invitation", "inv_1", "ana@example.com")]))
    assert "3:e=ana@example.com" in found
    assert "3:t=ana@example.com" not in found


def test_an_address_is_found_by_its_networks():
    assert ip_words("10.1.2.3") == ("10.1.2.3", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24")
    assert ip_words("2001:db8:61f1:7d::3f")[1:] == ("2001:db8::/32", "2001:db8:61f1::/48", "2001:db8:61f1:7d::/64")
    assert ip_words("") == ()
