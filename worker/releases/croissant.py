"""A release in MLCommons' Croissant 1.0, so that programs find what is in it and read it."""

import json
import re
from collections.abc import Collection, Iterable

from backend.tables import Release
from backend.tables.releases import StoredFile, Summary
from worker.releases.files import COLUMNS, TABLE

_TYPES = {"Fold": "sc:Integer", "Sampled frames": "sc:Integer"}


def croissant(
    release: Release,
    summary: Summary,
    licences: Collection[str],
    suffixes: Collection[str],
    tables: Iterable[StoredFile],
) -> str:
    """The release as JSON; paths are those inside the archive.

    Args:
        release: number, date and note.
        summary: see `backend.releases.contents`.
        licences: addresses of the recordings' licences.
        suffixes: those of their file names, such as `.mp4`.
        tables: the CSV files with their SHA-256.
    """
    formats = {".png": "image/png", ".mp4": "video/mp4"}
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"pocovid-release-{release.number}",
        "description": (
            "Lung ultrasound recordings of COVID-19, pneumonia and healthy lungs, reviewed by "
            f"medical doctors: {summary.recordings} recordings and {summary.frames} "
            f"sampled frames. {release.note}"
        ).strip(),
        "version": f"{release.number}.0.0",
        "datePublished": f"{release.created_at:%Y-%m-%d}",
        "license": sorted(licences),
        "url": f"pocovid-release-{release.number}",
        "citeAs": f"Lung ultrasound dataset, release {release.number}, {release.created_at:%Y}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": table.path,
                "name": table.path,
                "contentUrl": table.path,
                "contentSize": f"{table.bytes} B",
                "encodingFormat": "text/csv",
                "sha256": table.sha256,
            }
            for table in tables
        ]
        + [
            {
                "@type": "cr:FileSet",
                "@id": f"recordings{suffix}",
                "name": f"recordings{suffix}",
                "description": "Recordings: pocus_videos or pocus_images, then the kind of probe.",
                "encodingFormat": formats.get(suffix, "application/octet-stream"),
                "includes": f"pocus_*/*/*{suffix}",
            }
            for suffix in sorted(suffixes)
        ]
        + [
            {
                "@type": "cr:FileSet",
                "@id": "sampled-frames",
                "name": "sampled-frames",
                "description": "Frames sampled at 3 Hz, a folder for each recording.",
                "encodingFormat": "image/png",
                "includes": "frames/*/*.png",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "recordings",
                "name": "recordings",
                "key": {"@id": _field("Filename")},
                "description": "One record for each recording: its labels and where it lies.",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": _field(column),
                        "name": column,
                        "description": f"Column {column} of {TABLE}.",
                        "dataType": _TYPES.get(column, "sc:Text"),
                        "source": {
                            "fileObject": {"@id": TABLE},
                            "extract": {"column": column},
                        },
                    }
                    for column in COLUMNS
                    if column
                ],
            }
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _field(column: str) -> str:
    """An id of a column: letters, digits and dashes."""
    return f"recordings/{re.sub('[^a-z0-9]+', '-', column.lower()).strip('-')}"


_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 asks for, word for word."""
