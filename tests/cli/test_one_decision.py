# SPDX-License-Identifier: GPL-3.0-or-later
# test_one_decision.py - who may come in is decided in src/sshd/access.c, and nobody else works it out for themselves.
import fnmatch
import re

import pytest

from conftest import SOURCE

# What only a decision would ask for: the directives that refuse people, and matching a login against their words.
DIRECTIVES = re.compile(r"\bKW_(?:ALLOWUSERS|DENYUSERS|ALLOWGROUPS|DENYGROUPS|PERMITROOTLOGIN)\b")
MATCHING = re.compile(r"\b(?:pattern_match_user|pattern_user_match|words_find_\w+|credential_try)\b")

# Who else may name the directives, and what for.
NAMES_THEM = {
    "src/audit/facts.c": "looks up the accounts and groups that the words name",
    "src/audit/rules_*.c": "judge the lines themselves, whether a word can ever hit, and cite them",
    "src/cmd/access_edit.c": "writes words into the lists",
    "src/cmd/harden.c": "writes the answer to its question into AllowUsers",
    "src/cmd/status.c": "prints the value of PermitRootLogin",
    "src/harden/keep.c": "collects addresses that the words speak of, to ask the decision about them",
}
# Inside src/sshd: the decision and what it is made of, and what finds addresses to ask it about.
INSIDE = {
    "src/sshd/access.c": "decides",
    "src/sshd/explain.c": "says why",
    "src/sshd/ruleset.c": "makes the lists ready",
    "src/sshd/credential.c": "names the line that wants a command",
    "src/sshd/credential_try.c": "names the line that wants a command",
    "src/sshd/key_policy.c": "tells whether a command is wanted",
    "src/sshd/place.c": "cuts the address space where words do",
    "src/sshd/value.c": "checks what may stand in the file",
}


def code(path):
    """Without comments and texts, so that a sentence may name a directive."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', text)


def users(pattern):
    files = [path for path in sorted((SOURCE / "src").rglob("*.[ch]")) if pattern.search(code(path))]
    return {str(path.relative_to(SOURCE)) for path in files}


def test_nobody_else_reads_the_directives():
    allowed = NAMES_THEM.keys() | INSIDE.keys()
    strangers = {path for path in users(DIRECTIVES) if not any(fnmatch.fnmatch(path, a) for a in allowed)}
    assert not strangers, f"{strangers}: ask access_decide(), or say in this test what the directive is named for"


@pytest.mark.parametrize("path", sorted(NAMES_THEM))
def test_no_exception_outlives_its_reason(path):
    assert fnmatch.filter(users(DIRECTIVES), path), f"{path} no longer names them: take it off the list"


def test_logins_are_matched_below_the_decision_alone():
    assert not {path for path in users(MATCHING) if not path.startswith("src/sshd/")}


def test_a_stranger_would_be_found(tmp_path):
    stranger = tmp_path / "x.c"
    stranger.write_text('/* KW_DENYUSERS */ f("KW_DENYUSERS"); g(KW_ALLOWUSERS, "\\"");')
    assert DIRECTIVES.findall(code(stranger)) == ["KW_ALLOWUSERS"]
