import json

import pytest

from serve_app.pronunciations import read_pronunciations


def test_a_file_lists_spellings_by_word(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps({"Siobhan": "Shivawn"}))
    assert read_pronunciations(str(path)) == {"Siobhan": "Shivawn"}
    path.write_text(json.dumps({"Siobhan": "Shivawn"}), encoding="utf-8-sig")
    assert read_pronunciations(str(path)) == {"Siobhan": "Shivawn"}
    assert read_pronunciations(None) == {}


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', '{"": "b"}', "[" * 99_999])
def test_a_file_of_something_else_is_refused_by_name(tmp_path, content):
    path = tmp_path / "words.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"pronunciations_file '.*words\.json'"):
        read_pronunciations(str(path))


def test_a_missing_file_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'gone\.json': No such file"):
        read_pronunciations("gone.json")
