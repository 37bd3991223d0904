"""Positions: which transactions a list of GTIDs contains."""

import pytest

from app.db.gtid import NOWHERE, Position

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "aaaaaaaa-71ca-11e1-9e33-c80aa9429562"


def covers(applied, wanted):
    return Position.parse(applied).covers(Position.parse(wanted))


@pytest.mark.parametrize(
    ("applied", "wanted"),
    [
        ("0-1-270", "0-1-270"),
        ("0-1-270", "0-2-100"),  # another server of the same domain, before a failover
        ("0-1-270,7-1-3", "7-1-3"),
        ("0-1-270", "0-1-5,0-1-9"),
        (f"{UUID}:1-10", f"{UUID}:10"),
        (f"{UUID}:1-10:12-20", f"{UUID}:1-3:12"),
        (f"{UUID}:1-10,\n{OTHER}:1-5", f"{OTHER}:1-5"),
        (f"{UUID}:1-10:tag:1-3", f"{UUID}:tag:2"),
        (UUID.upper() + ":1-10", f"{UUID}:1"),
        ("0-1-270", ""),
        ("", ""),
    ],
)
def test_a_position_is_covered(applied, wanted):
    assert covers(applied, wanted)


@pytest.mark.parametrize(
    ("applied", "wanted"),
    [
        ("0-1-270", "0-1-271"),
        ("0-1-270", "1-1-1"),
        ("0-1-270", "0-1-270,1-1-1"),
        ("", "0-1-1"),
        (f"{UUID}:1-10", f"{UUID}:11"),
        (f"{UUID}:1-10:12-20", f"{UUID}:1-20"),
        (f"{UUID}:1-10", f"{OTHER}:1"),
        (f"{UUID}:1-10", f"{UUID}:tag:1"),
        (f"{UUID}:tag:1-10", f"{UUID}:1"),
        (f"{UUID}:1-10", f"{UUID}:1-10,{OTHER}:1"),
    ],
)
def test_a_position_is_not_covered(applied, wanted):
    assert not covers(applied, wanted)


@pytest.mark.parametrize(
    "text", ["now", "0-1", "0-1-x", UUID, f"{UUID}:", "0-1-1;0-1-2", ",", "٣-1-1"]
)
def test_another_text_is_rejected(text):
    with pytest.raises(ValueError, match="not a list of GTIDs"):
        Position.parse(text)


def test_a_position_has_a_text_without_white_space():
    text = f"{UUID}:1-10,\n {OTHER}:1-5"

    assert str(Position.parse(text)) == f"{UUID}:1-10,{OTHER}:1-5"
    assert str(NOWHERE) == ""
    assert not NOWHERE
