"""Settings of the test run: the real database and middleware, with cheap password hashes and local memory for cache and mail."""

import os

os.environ["EMAIL_URL"] = "memory:"
os.environ.setdefault("SECRET_KEY", "tests-only-" + "0123456789abcdef" * 4)

from settings.base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Nothing is collected before a test run, and WhiteNoise warns of a folder that is not there.
STATIC_ROOT = None  # type: ignore[assignment]
