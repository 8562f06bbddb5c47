"""What the table says is read as said; what it does not say stays open."""

import pytest

from models.data.metadata import RecordingMetadata, read_metadata


def test_reads_what_the_public_table_holds() -> None:
    metadata = read_metadata(
        {
            "Title": " Signs  of COVID-19 ",
            "URL (Video Name)": "https://example.org/1",
            "DOI": "10.1/2",
            "LinkToLicense": "https://example.org/by",
            "Comments from web site": "a line\nand another",
            "Comments first medical doctor (MD1)": "B-lines",
            "MD2": "",
            "MD3": "normal",
            "Framerate": "29.97",
            "Resolution": "560x 400",
            "Length (frames)": "91",
            "Gender": "w",
            "Age": "40-50",
            "Effusion": "1",
            "A-lines": "0",
            "B-lines": "",
            "Fever": "n/A",
            "Cough": "1",
        }
    )
    assert metadata == RecordingMetadata(
        title=" Signs  of COVID-19 ",
        url="https://example.org/1",
        doi="10.1/2",
        licence_url="https://example.org/by",
        comment="a line\nand another",
        doctors=("B-lines", "normal"),
        frame_rate_hz=29.97,
        resolution=(560, 400),
        frames=91,
        gender="w",
        age="40-50",
        findings={"effusion": True, "A-lines": False},
        symptoms={"cough": True},
    )


@pytest.mark.parametrize("word", ["", "nd", "n/A", "N/A"])
def test_words_for_nothing_are_nothing(word: str) -> None:
    row = dict.fromkeys(("Gender", "Framerate", "Resolution", "Length (frames)", "Fever"), word)
    assert read_metadata(row) == RecordingMetadata()


@pytest.mark.parametrize(
    "word", ["nd", "n/A", "None", "NULL", "0", "患者甲", " - ", "=1+1", "\u202ex"]
)
def test_in_columns_of_text_words_for_nothing_are_words(word: str) -> None:
    metadata = read_metadata({"Title": word, "Comments from web site": word, "MD2": word})
    assert (metadata.title, metadata.comment, metadata.doctors) == (word, word, (word,))


def test_a_table_without_these_columns_says_nothing() -> None:
    assert read_metadata({"Filename": "x"}) == RecordingMetadata()
