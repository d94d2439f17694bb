# SPDX-License-Identifier: GPL-3.0-or-later
# test_resolver.py - what a program needs, found by reading files, is what the dynamic loader itself maps.
import json
import os
import pathlib
import re
import shutil
import time

import pytest

FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
DIFFERENCES = pathlib.Path(__file__).with_name("resolver_differences.txt")
ASK = """
export PYTHONDONTWRITEBYTECODE=1
find FOLDERS -mindepth 1 -maxdepth 1 '(' -type f -o -type l ')' | sort >/tmp/paths
chmod 644 /tmp/paths
time -p "$BUILD/tests/needs" - </tmp/paths >/tmp/needs
echo "needs: $?" >&2
setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs /usr/bin/python3 "$LAB_SOURCE/tests/lab/loader.py" </tmp/paths >/tmp/all
grep -v '"kind": "forbidden"' /tmp/all
# What nobody may not run: root, without any of its powers.
grep '"kind": "forbidden"' /tmp/all | sed 's/.*"path": "\\([^"]*\\)".*/\\1/' >/tmp/paths
setpriv --bounding-set=-all --inh-caps=-all --no-new-privs /usr/bin/python3 "$LAB_SOURCE/tests/lab/loader.py" </tmp/paths
echo ====
cat /tmp/needs
""".replace("FOLDERS", " ".join(FOLDERS))


def read_needs(lines):
    """{program: {"files", "links", "problems", "ok"}}"""
    known, one = {}, None
    for line in lines:
        word, rest = line.split(" ", 1)
        if word == "=":
            path, end = re.fullmatch(r"(.*?) (ok|[a-z ;,]+)", rest).groups()
            one = known[path] = {"files": set(), "links": {}, "problems": [], "warnings": [], "ok": end == "ok"}
        elif word == "file":
            one["files"].add(rest)
        elif word == "link":
            path, target = rest.split(" -> ", 1)
            one["links"][path] = target
        elif word in ("problem", "warning"):
            one[word + "s"].append(rest)
    return known


def wanted(path, answers, seen=()):
    """What the loader maps for the program, and for all that run it; and what it lacks."""
    answer = answers.get(path)
    if answer is None or answer["kind"] == "absent":
        return set(), {path}
    if answer["kind"] == "elf":
        return set(answer["maps"]), set(answer["missing"])
    files, lacks = set(), set(answer.get("lacks", ()))
    for one in answer.get("runs", ()):
        if one not in seen and one not in lacks:
            more, less = wanted(one, answers, (*seen, path))
            files |= {os.path.realpath(one)} | more
            lacks |= less
    return files, lacks


def for_all_processors(files, maps):
    """Those of the files that stand in for one which the loader maps for this processor alone: it does not map both."""
    names = {os.path.basename(path) for path in maps if "/glibc-hwcaps/" in path}
    return {path for path in files if os.path.basename(path) in names and "/glibc-hwcaps/" not in path}


def judge(path, ours, answers):
    """None, or how ours is otherwise than the loader's."""
    kind = answers[path]["kind"]
    if kind in ("absent", "other", "forbidden"):
        return f"taken though it is {kind}" if ours["ok"] else None
    if "failed" in answers[path] and not answers[path]["missing"]:
        return f"taken though the loader fails: {answers[path]['failed']}" if ours["ok"] else None
    files, lacks = wanted(path, answers)
    if lacks:
        unnamed = [name for name in lacks if not any(name in problem for problem in ours["problems"])]
        return f"does not say that these are missing: {unnamed}" if ours["ok"] or unnamed else None
    got = ours["files"] - {os.path.realpath(path)} - (for_all_processors(ours["files"], files) - files)
    files -= {os.path.realpath(path)}
    if got != files or not ours["ok"]:
        return f"too much: {sorted(got - files)}, too little: {sorted(files - got)}, problems: {ours['problems']}"
    return None


def judge_root(answer):
    """None, or what is wrong about what was found in a made-up system."""
    (ours,) = read_needs(answer["needs"].splitlines()).values()
    theirs, starts = answer.get("loader", {"kind": "none"}), answer.get("whole") == "0"
    if ours["ok"] != starts:
        return f"ours says {ours}, and started it says {answer.get('whole')}"
    if not starts:
        names = theirs.get("missing") or ([answer["expect"]] if answer["expect"] else [])
        unnamed = [name for name in names if not any(name in problem for problem in ours["problems"])]
        if unnamed or not names and "failed" not in theirs or not ours["problems"] or ours["files"] or ours["links"]:
            return f"{unnamed} in {ours}"
        return None
    maps = {*theirs.get("maps", ()), answer["real"]}
    if theirs["kind"] == "elf" and ours["files"] - (for_all_processors(ours["files"], maps) - maps) != maps:
        return f"ours {sorted(ours['files'])}, the loader's {theirs['maps']}"
    # Without /proc the loader does not know $ORIGIN of a program: that has to be told.
    if not answer["alone"].startswith("127 " if ours["warnings"] else "0"):
        return f"with nothing but what was found: {answer['alone']}, {ours}"
    return None


def test_it_searches_as_the_loader_in_made_up_systems(world, figure):
    """And what it finds is enough for the program to start in a folder that has nothing else."""
    if not shutil.which("gcc") or os.uname().machine != "x86_64":
        pytest.skip("wants gcc on x86-64")
    got = world('PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$LAB_SOURCE/tests/lab/resolver_roots.py" "$BUILD/tests/needs"',
                timeout=600)
    assert got.returncode == 0, got.stderr
    answers = [json.loads(line) for line in got.stdout.splitlines()]
    assert not {answer["case"]: wrong for answer in answers if (wrong := judge_root(answer))}
    started = sum(answer.get("whole") == "0" for answer in answers)
    figure(f"resolver: {len(answers)} made-up systems, in {started} of them the program starts")
    assert started > 20 and len(answers) - started > 15


def test_what_is_found_is_what_the_loader_maps(world, figure):
    """For every program of this machine."""
    begun = time.monotonic()
    got = world(ASK, timeout=600)
    taken = time.monotonic() - begun
    theirs, ours = got.stdout.split("====\n")
    answers = {answer["path"]: answer for answer in map(json.loads, theirs.splitlines())}
    found = read_needs(ours.splitlines())
    assert set(answers) >= set(found) and len(found) > 50, got.stderr[-2000:]
    excused = dict(line.split(None, 1) for line in DIFFERENCES.read_text().splitlines() if line and not line.startswith("#"))
    different = {path: how for path in found if (how := judge(path, found[path], answers))}
    kinds = [answers[path]["kind"] for path in found]
    figure(f"resolver: {len(found)} programs ({kinds.count('elf')} dynamic, {kinds.count('static')} static, {kinds.count('script')} scripts), "
           f"{len(different)} otherwise than the loader; ours took {re.search(r'real ([0-9.]+)', got.stderr)[1]} s, all {taken:.0f} s")
    assert not {path: how for path, how in different.items() if os.path.basename(path) not in excused}
    assert len(different) <= len(found) / 100
