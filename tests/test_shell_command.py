"""What people copy is one line, and a shell reads it as it was meant."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.shell_command import shell_word

ODD = [
    *("", "plain", "it's", 'a "b" $HOME `id` !x \\n', "ünï 你好"),
    *("two\nlines\r\n\tand a tab", "\x07\x1b[31m9", "a\u2028b\xa0c\x85"),
]


@pytest.mark.parametrize("text", ODD, ids=repr)
def test_a_shell_reads_what_was_meant(text: str) -> None:
    env = {"LC_ALL": "C.UTF-8"}
    said = subprocess.run(["bash", "-c", f"printf %s {shell_word(text)}"], capture_output=True, check=True, env=env)
    assert said.stdout.decode() == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@settings(max_examples=200, deadline=None)
def test_it_is_one_line(text: str) -> None:
    assert len(f"say {shell_word(text)} now".splitlines()) == 1
