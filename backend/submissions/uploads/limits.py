"""The limits of submissions, archives and manifests."""

from typing import Final

MAX_FILES: Final = 2000
"""Files of one submission, including refused ones."""

MAX_ENTRIES: Final = 1000
"""Files of one archive."""

MAX_UNPACKED_BYTES: Final = 20_000_000_000
"""All files of one archive together, unpacked. Single files are limited by `max_upload_bytes`."""

MAX_RATIO: Final = 100
"""Largest ratio of unpacked to packed size, once an archive exceeds `SMALL_BYTES`."""

SMALL_BYTES: Final = 10_000_000
"""An archive that unpacks to no more than this is harmless, however well it is packed."""

MAX_DIRECTORY_BYTES: Final = 1_000_000
"""An archive's central directory, which must be read before entries can be counted."""

MAX_MANIFEST_BYTES: Final = 2_000_000

MAX_MANIFEST_ROWS: Final = 5000
