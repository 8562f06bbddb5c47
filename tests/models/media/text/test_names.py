"""Which lines of text a person has to look at."""

import pytest

from models.media.text.names import is_name_like


@pytest.mark.parametrize(
    "text",
    [
        "Erika Mustermann",
        "ErikaMustermann",
        "MUSTERMANN, ERIKA",
        "Mustermann,Erika",
        "DOE^JOHN",
        "Name: Yilmaz",
        "ID: 12",
        "Pat. 7",
        "DOB 4/11/56",
        "04.11.1956",
        "1956-11-04",
        "4 Nov 1956",
        "48215937",
        "4821 5937",
        "Mr Brown",
        "Dr. Lee",
        "St. Mary Hospital",
        "Universitätsklinikum",
        "王小明",
    ],
)
def test_a_name_a_date_or_a_number_is_looked_at(text: str) -> None:
    assert is_name_like(text)


@pytest.mark.parametrize(
    "text",
    [
        "Lung",
        "Depth 14 cm",
        "B-Lines",
        "Right Upper",
        "MI 0.9 TIS 0.4",
        "2.5 MHz",
        "GE Logiq",
        "Philips Lumify",
        "Gain 52 DR 60",
        "10",
        "FR 32 Hz",
    ],
)
def test_what_machines_write_is_not(text: str) -> None:
    assert not is_name_like(text)


def test_the_headers_own_words_are_found_though_misread() -> None:
    assert not is_name_like("yi1maz")
    assert is_name_like("yi1maz", known=["YILMAZ^AYSE"])
    assert is_name_like("A17-Q", known=["A17-Q9", "A17-Q"])
    assert not is_name_like("depth", known=["YILMAZ^AYSE", "ab"])
