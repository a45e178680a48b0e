"""Where the project lies and where it keeps what it makes."""

from pathlib import Path

from settings import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("DATA_DIR", BASE_DIR / ".data")
