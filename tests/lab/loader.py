#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# loader.py - asks the dynamic loader itself what it would map for programs; for tests, in a private world, without privileges.
"""usage: loader.py <PATHS >ANSWERS

One path a line; one JSON object a line: {"path", "kind", ...}. A program whose interpreter is glibc's or musl's loader is started
with LD_TRACE_LOADED_OBJECTS=1, so that the loader answers and the program never runs; nothing else is started. kind:
elf (maps: what is mapped besides, free of links; missing: names), static, script (runs: what it is run by, as paths; lacks: what is
not there), other, broken, absent, forbidden (this user may not run it). What runs a script and is none of the paths is looked at, too.
"""
import concurrent.futures
import json
import os
import re
import struct
import subprocess
import sys

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".split(":")
PT_INTERP = 3


def interpreter(data):
    """PT_INTERP of an ELF file: None when it has none."""
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    at, = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    for i in range(count):
        row = at + i * size
        if struct.unpack_from(order + "I", data, row)[0] == PT_INTERP:
            offset, = struct.unpack_from(order + ("Q" if wide else "I"), data, row + (8 if wide else 4))
            length, = struct.unpack_from(order + ("Q" if wide else "I"), data, row + (32 if wide else 16))
            return os.fsdecode(data[offset:offset + length - 1])
    return None


def trace(path, loader):
    if not os.path.exists(loader):
        return {"kind": "elf", "maps": [], "missing": [loader]}
    if not re.fullmatch(r"ld-(linux|musl)[\w.-]*\.so\.\d+|ld64\.so\.\d+|ld-\d[\d.]*\.so", os.path.basename(os.path.realpath(loader))):
        raise SystemExit(f"{path} names a loader that is not known: {loader}")
    try:
        got = subprocess.run([path], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape", timeout=60,
                             env={"LD_TRACE_LOADED_OBJECTS": "1"}, cwd="/")
    except OSError as why:
        return {"kind": "elf", "maps": [], "missing": [], "failed": str(why)}
    maps, missing = {os.path.realpath(loader)}, set()
    for line in got.stdout.splitlines():
        words = re.fullmatch(r"\t(?:(.*) => )?(.*?)(?: \(0x[0-9a-f]+\))?", line)
        if not words:
            raise SystemExit(f"{path}: the loader says: {line}")
        if words[2] == "not found":
            missing.add(words[1])
        elif words[2].startswith("/"):
            maps.add(os.path.realpath(words[2]))
    if got.returncode or not got.stdout:
        return {"kind": "elf", "maps": [], "missing": sorted(missing), "failed": got.stderr.strip() or f"status {got.returncode}"}
    return {"kind": "elf", "maps": sorted(maps), "missing": sorted(missing)}


def found(name):
    for folder in PATH:
        path = f"{folder}/{name}"
        if os.path.isfile(path) and os.stat(path).st_mode & 0o111:
            return path
    return None


def script(line):
    """What runs it: the interpreter, and what env finds. A second opinion, so short and by other means."""
    words = line.split(None, 1)
    runs, lacks = [words[0]], []
    if os.path.basename(words[0]) == "env" and len(words) > 1:
        rest = words[1].strip()
        if rest.startswith("-S"):
            rest = [word for word in rest[2:].split() if "=" not in word and not word.startswith("-")][0]
        name = rest if rest.startswith("/") else found(rest)
        (runs if name else lacks).append(name or rest)
    lacks += [path for path in runs if not os.path.exists(path)]
    return {"kind": "script", "runs": runs, "lacks": lacks}


def look(path):
    if not os.path.exists(path):
        return {"path": path, "kind": "absent"}
    if not os.path.isfile(path):
        return {"path": path, "kind": "other"}
    if not os.access(path, os.R_OK | os.X_OK):
        return {"path": path, "kind": "forbidden"}
    with open(path, "rb") as f:
        head = f.read(4096)
        if head.startswith(b"\x7fELF"):
            try:
                loader = interpreter(head + f.read())
            except struct.error:
                return {"path": path, "kind": "broken"}
            return {"path": path, **(trace(path, loader) if loader else {"kind": "static"})}
    if head.startswith(b"#!"):
        return {"path": path, **script(os.fsdecode(head[2:256].split(b"\n")[0]))}
    return {"path": path, "kind": "other"}


def main():
    paths = [line.rstrip("\n") for line in sys.stdin]
    known = set(paths)
    with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        while paths:
            answers, paths = list(pool.map(look, paths)), []
            for answer in answers:
                print(json.dumps(answer))
                paths += [path for path in answer.get("runs", ()) if path not in known and path not in paths]
            known.update(paths)


if __name__ == "__main__":
    main()
