"""What a submission, an archive and a manifest may hold at most: each limit in this one place."""

from typing import Final

MOST_FILES: Final = 2000
"""Files of one submission, those that were refused included."""

MOST_ENTRIES: Final = 1000
"""Files of one archive."""

MOST_UNPACKED_BYTES: Final = 20_000_000_000
"""All files of one archive together, unpacked. Each one is held to `max_upload_bytes`."""

MOST_RATIO: Final = 100
"""Times that an archive may grow when it is unpacked, once it is beyond `SMALL_BYTES`."""

SMALL_BYTES: Final = 10_000_000
"""An archive that unpacks to no more than this is no bomb, however well it packs."""

MOST_DIRECTORY_BYTES: Final = 1_000_000
"""An archive's list of its entries, which has to be read before they can be counted."""

MOST_MANIFEST_BYTES: Final = 2_000_000

MOST_MANIFEST_ROWS: Final = 5000
