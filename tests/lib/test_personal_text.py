"""Which texts say an e-mail or IP address."""

import pytest

from auditapp.lib.personal_text import holds_address, says_address


@pytest.mark.parametrize(
    "text",
    [
        *("ana@example.com", "told ana@example.com.", "ana%40example.com", "ａna＠example.com", "git@host"),
        *("203.0.113.7", "203.0.113.0/24", "from 203.0.113.7.", "203.0.113.7:443", "v1.2.3.4", "２０３.0.113.7"),
        *("2001:db8::1", "2001:DB8:0:0:0:0:0:1", "ip:2001:db8::1", "[2001:db8::1]:443", "fe80::1%eth0", "::1"),
        *("::ffff:203.0.113.7", "src=2001:db8::/32,", "x" * 300 + " ana@example.com"),
    ],
)
def test_an_address_is_seen_wherever_it_stands(text):
    assert says_address(text)
    assert holds_address({"a": [1, {"b": text}]})
    assert holds_address({text: 1})


@pytest.mark.parametrize(
    "text",
    [
        *("", "@here", "a @ b", "12:30:45", "2026-11-30T02:35:16.123Z", "aa:bb:cc:dd:ee:ff", "a:b:c", "::", "usr_1"),
        *("AWS::S3::Bucket", "std::string", "std::deque", "arn:aws:iam::123456789012:user/x", "arn:aws:s3:::bucket"),
        *("1.2.3", "1.2.3.4.5", "Chrome/120.0.6099.109", "source.disabled.x.y", "100 % 40"),
    ],
)
def test_what_only_looks_a_little_like_one_is_none(text):
    assert not says_address(text)
    assert not holds_address([text, None, 7, {"a": text}])
