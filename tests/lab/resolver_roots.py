#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# resolver_roots.py - made-up systems, each with a program that finds its libraries in one particular way; in a private world.
"""usage: resolver_roots.py NEEDS

For each case one JSON object a line: what NEEDS (tests/tools/needs.c) finds in that root, what the loader there says, and how the
program ends that is started in a folder with nothing but what was found.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import traceback
import types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import loader  # noqa: E402

TOP = pathlib.Path("/tmp/roots")
NOBODY = 65534
SOURCES = {"library": "int one(void) { return 0; }", "program": "int main(void) { return 0; }"}
TRIPLET = "x86_64-linux-gnu"


linked = {}  # what was linked of what: the copy to take when the same is wanted again


class Root:
    """A small system: the loader and the C library of this one, and what a case adds."""

    def __init__(self, name):
        self.top = TOP / name
        self.program, self.expect = "/bin/program", None
        for folder in "usr/bin", f"usr/lib/{TRIPLET}", "usr/lib64", "etc", "proc", "opt":
            (self.top / folder).mkdir(parents=True)
        for link in "bin", "lib", "lib64":
            (self.top / link).symlink_to(f"usr/{link}")
        loads = os.path.realpath("/lib64/ld-linux-x86-64.so.2")
        shutil.copy(loads, self.top / f"usr/lib/{TRIPLET}/ld-linux-x86-64.so.2")
        (self.top / "usr/lib64/ld-linux-x86-64.so.2").symlink_to(f"/lib/{TRIPLET}/ld-linux-x86-64.so.2")
        shutil.copy(f"/lib/{TRIPLET}/libc.so.6", self.top / f"usr/lib/{TRIPLET}/libc.so.6")

    def at(self, path):
        """Where a path of the root is, for us: folders that are missing are made. Links of the root are not followed."""
        there = self.top / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        return there

    def gcc(self, path, source, wants, options):
        out, compiled = self.at(path), TOP / f"{source}.o"
        if not compiled.exists():
            subprocess.run(["gcc", "-fPIC", "-x", "c", "-c", "-o", compiled, "-"], input=SOURCES[source].encode(), check=True)
        made_of = (source, *options, *(self.at(want).read_bytes() for want in wants))
        if made_of in linked:
            shutil.copy(linked[made_of], out)
            return path
        subprocess.run(["gcc", "-fno-use-linker-plugin", "-o", out, compiled, "-Wl,--no-as-needed", "-Wl,--unresolved-symbols=ignore-all",
                        *options, *(self.at(want) for want in wants)], check=True)
        linked[made_of] = shutil.copy(out, TOP / f"linked-{len(linked)}")
        return path

    def library(self, path, *options, wants=(), soname=None):
        soname = soname or path.rsplit("/", 1)[1]
        return self.gcc(path, "library", wants, ["-shared", f"-Wl,-soname,{soname}", *options])

    def make(self, *options, wants=(), path="/usr/bin/program"):
        return self.gcc(path, "program", wants, options)

    def write(self, path, text, mode=0o755):
        self.at(path).write_text(text)
        self.at(path).chmod(mode)

    def link(self, path, target):
        self.at(path).symlink_to(target)

    def move(self, path, to):
        self.at(path).rename(self.at(to))


def run_path(folder):
    return ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{folder}"]


def r_path(folder):
    return ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{folder}"]


def cache(root, *options):
    subprocess.run(["ldconfig", *options, "-r", root.top], check=True, stderr=subprocess.DEVNULL)


def patched(root, path, at, fmt, value):
    data = bytearray(root.at(path).read_bytes())
    struct.pack_into(fmt, data, at, value)
    root.at(path).write_bytes(data)


def env(root):
    shutil.copy("/usr/bin/env", root.at("/usr/bin/env"))
    root.make(path="/usr/bin/runs")


def scripts(root, n):
    root.make(path="/opt/0")
    for i in range(1, n):
        root.write(f"/opt/{i}", f"#!/opt/{i - 1}\n")
    root.write("/usr/bin/program", f"#!/opt/{n - 1}\n")


# --- the cases: functions of one argument, r ---

def rpath_is_inherited(r):
    two = r.library("/opt/a/libtwo.so")
    one = r.library("/opt/a/libone.so", wants=[two])
    r.make(*r_path("/opt/a"), wants=[one])


def runpath_is_not_inherited(r):
    two = r.library("/opt/a/libtwo.so")
    one = r.library("/opt/a/libone.so", wants=[two])
    r.make(*run_path("/opt/a"), wants=[one])


def runpath_hides_the_rpaths_above(r):
    two = r.library("/opt/a/libtwo.so")
    one = r.library("/opt/a/libone.so", *run_path("/opt/b"), wants=[two])
    r.make(*r_path("/opt/a"), wants=[one])


def rpath_goes_before_the_usual_folders(r):
    one = r.library("/opt/a/libone.so")
    shutil.copy(r.at(one), r.at("/usr/lib/libone.so"))
    r.make(*r_path("/opt/a"), wants=[one])


def rpath_of_two_levels(r):
    three = r.library("/opt/c/libthree.so")
    two = r.library("/opt/b/libtwo.so", wants=[three])
    one = r.library("/opt/a/libone.so", *r_path("/opt/b:/opt/c"), wants=[two])
    r.make(*r_path("/opt/a"), wants=[one])


def origin_of_a_program_behind_a_link(r):
    one = r.library("/opt/x/lib/libone.so")
    r.make(*run_path("$ORIGIN/../lib"), wants=[one], path="/opt/x/bin/real")
    r.link("/usr/bin/program", "../../opt/x/bin/real")


def origin_of_a_library_is_where_it_was_found(r):
    two = r.library("/opt/k/deps/libtwo.so")
    one = r.library("/opt/l/libone.so", *run_path("${ORIGIN}/deps"), wants=[two])
    r.link("/opt/k/libone.so", "../l/libone.so")
    r.make(*run_path("/opt/k"), wants=[one])


def lib_and_platform(r):
    one = r.library(f"/opt/lib/{TRIPLET}/libone.so")
    two = r.library("/opt/p/x86_64/libtwo.so")
    shutil.copytree(r.at("/opt/p/x86_64"), r.at("/opt/p/haswell"))
    r.make(*run_path("/opt/$LIB:/opt/p/${PLATFORM}"), wants=[one, two])


def unknown_variable_stays(r):
    one = r.library("/opt/$OTHER/libone.so")
    r.make(*run_path("/opt/$OTHER"), wants=[one])


def nodeflib(r):
    one = r.library("/usr/lib/libone.so")
    shutil.copy(r.at(f"/usr/lib/{TRIPLET}/libc.so.6"), r.at("/opt/a/libc.so.6"))
    r.make("-Wl,-z,nodefaultlib", *run_path("/opt/a"), wants=[one])


def nodeflib_with_a_cache(r):
    one = r.library("/opt/b/libone.so")
    shutil.copy(r.at(f"/usr/lib/{TRIPLET}/libc.so.6"), r.at("/opt/a/libc.so.6"))
    r.write("/etc/ld.so.conf", "/opt/b\n")
    cache(r)
    r.make("-Wl,-z,nodefaultlib", *run_path("/opt/a"), wants=[one])


def levels_of_the_processor(r):
    one = r.library("/opt/a/libone.so")
    for level in "v2", "v3", "v4":
        r.at(f"/opt/a/glibc-hwcaps/x86-64-{level}/libone.so").write_bytes(r.at(one).read_bytes())
    r.make(*run_path("/opt/a"), wants=[one])


def levels_in_the_usual_folder(r):
    one = r.library("/usr/lib/libone.so")
    r.at("/usr/lib/glibc-hwcaps/x86-64-v2/libone.so").write_bytes(r.at(one).read_bytes())
    r.make(wants=[one])


def levels_in_the_cache(r):
    one = r.library("/opt/h/libone.so")
    for level in "v2", "v3", "v4":
        r.at(f"/opt/h/glibc-hwcaps/x86-64-{level}/libone.so").write_bytes(r.at(one).read_bytes())
    r.write("/etc/ld.so.conf", "include ld.so.conf.d/*.conf\n", 0o644)
    r.write("/etc/ld.so.conf.d/h.conf", "/opt/h\n", 0o644)
    cache(r)
    r.make(wants=[one])


def cache_of_both_formats(r):
    one = r.library("/opt/h/libone.so")
    r.write("/etc/ld.so.conf", "/opt/h\n", 0o644)
    cache(r, "-c", "compat")
    r.make(wants=[one])


def cache_goes_before_the_usual_folders(r):
    one = r.library("/usr/lib/libone.so")
    shutil.copy(r.at(one), r.at("/opt/h/libone.so"))
    r.write("/etc/ld.so.conf", "/opt/h\n", 0o644)
    cache(r)
    r.make(wants=[one])


def cache_names_what_is_gone(r):
    one = r.library("/opt/h/libone.so")
    r.write("/etc/ld.so.conf", "/opt/h\n", 0o644)
    cache(r)
    r.make(wants=[one])
    r.move("/opt/h/libone.so", "/usr/lib/libone.so")


def name_with_a_slash(r):
    one = r.library("/opt/a/libone.so", soname="/opt/a/libone.so")
    r.make(wants=[one])


def name_with_a_slash_and_origin(r):
    one = r.library("/opt/a/libone.so", soname="$ORIGIN/libone.so")
    two = r.library("/opt/a/libtwo.so", wants=[one])
    r.make(*run_path("/opt/a"), wants=[two])


def name_with_a_slash_is_missing(r):
    one = r.library("/opt/a/libone.so", soname="/opt/b/libone.so")
    r.make(wants=[one])


def library_is_missing(r):
    two = r.library("/opt/a/libtwo.so")
    one = r.library("/usr/lib/libone.so", wants=[two])
    r.make(wants=[one])


def other_class_is_passed_over(r):
    one = r.library("/opt/b/libone.so")
    shutil.copytree(r.at("/opt/b"), r.at("/opt/a"))
    patched(r, "/opt/a/libone.so", 4, "B", 1)
    r.make(*run_path("/opt/a:/opt/b"), wants=[one])


def other_machine_is_passed_over(r):
    one = r.library("/opt/b/libone.so")
    shutil.copytree(r.at("/opt/b"), r.at("/opt/a"))
    patched(r, "/opt/a/libone.so", 18, "<H", 183)
    r.make(*run_path("/opt/a:/opt/b"), wants=[one])


def other_machine_alone(r):
    one = r.library("/opt/a/libone.so")
    r.make(*run_path("/opt/a"), wants=[one])
    patched(r, "/opt/a/libone.so", 18, "<H", 183)


def text_for_a_library(r):
    one = r.library("/opt/b/libone.so")
    r.make(*run_path("/opt/a:/opt/b"), wants=[one])
    r.write("/opt/a/libone.so", "INPUT(libtwo.so)\n" * 50)


def folder_for_a_library(r):
    one = r.library("/opt/b/libone.so")
    r.make(*run_path("/opt/a:/opt/b"), wants=[one])
    r.at("/opt/a/libone.so").mkdir()


def truncated_library(r):
    one = r.library("/opt/a/libone.so")
    r.make(*run_path("/opt/a"), wants=[one])
    r.at(one).write_bytes(r.at(one).read_bytes()[:200])


def loop_is_passed_over(r):
    one = r.library("/opt/b/libone.so")
    r.link("/opt/a/libone.so", "libtwo.so")
    r.link("/opt/a/libtwo.so", "libone.so")
    r.make(*run_path("/opt/a:/opt/b"), wants=[one])


def out_of_the_root_and_in_again(r):
    one = r.library("/opt/a/libone.so")
    r.link("/opt/out", "../../../../../opt/a")
    r.link("/srv/more", "/opt/out/../a")
    r.make(*run_path("/srv/more"), wants=[one])


def chain_of_links(r):
    one = r.library("/opt/a/libone.so.1.2", soname="libone.so.1")
    r.link("/usr/lib/libone.so.1", "libone.so.1.1")
    r.link("/usr/lib/libone.so.1.1", "/opt/current/libone.so.1.2")
    r.link("/opt/current", "a")
    r.make(wants=[one])


def same_soname_under_another_name(r):
    one = r.library("/opt/a/libone.so", soname="libone.so.1")
    two = r.library("/opt/a/libtwo.so", wants=[one])  # wants libone.so.1, which stands nowhere by that name
    other = r.library("/opt/a/libone_plain.so", soname="libplain.so")
    r.make(*run_path("/opt/a"), wants=[other, two])
    r.at(other).unlink()
    r.link("/opt/a/libplain.so", "libone.so")


def interpreter_is_a_link(r):
    r.link("/opt/run", f"../lib/{TRIPLET}/ld-linux-x86-64.so.2")
    r.make("-Wl,--dynamic-linker=/opt/run")


def interpreter_is_missing(r):
    r.make("-Wl,--dynamic-linker=/opt/nothing")
    r.expect = "/opt/nothing"


def auxiliary_is_taken(r):
    r.library("/opt/a/libtwo.so")
    one = r.library("/opt/a/libone.so", "-Wl,-f,libtwo.so", *run_path("/opt/a"))
    r.make(*run_path("/opt/a"), wants=[one])


def auxiliary_may_be_missing(r):
    one = r.library("/opt/a/libone.so", "-Wl,-f,libtwo.so")
    r.make(*run_path("/opt/a"), wants=[one])


def filter_is_taken(r):
    r.library("/opt/a/libtwo.so")
    one = r.library("/opt/a/libone.so", "-Wl,-F,libtwo.so", *run_path("/opt/a"))
    r.make(*run_path("/opt/a"), wants=[one])


def static_program(r):
    r.make("-static")


def static_pie_program(r):
    r.make("-static-pie")


def script_of_a_script(r):
    r.make(path="/usr/bin/runs")
    r.write("/opt/middle", "#! /bin/runs\n")
    r.write("/usr/bin/program", "#!/opt/middle -x\n")


def script_of_five_scripts(r):
    scripts(r, 5)


def script_of_six_scripts(r):
    scripts(r, 6)
    r.expect = "more scripts"


def script_by_env(r):
    env(r)
    r.write("/usr/bin/program", "#!/usr/bin/env runs\n")


def script_by_env_with_words(r):
    env(r)
    r.write("/usr/bin/program", "#!/usr/bin/env -S A=1 runs -x\n")


def script_by_env_that_finds_nothing(r):
    env(r)
    r.write("/usr/bin/program", "#!/usr/bin/env walks\n")
    r.expect = "walks"


def script_without_its_interpreter(r):
    r.write("/usr/bin/program", "#!/bin/nothing\n")
    r.expect = "/bin/nothing"


def script_with_a_long_interpreter(r):
    r.write("/usr/bin/program", f"#!/{'a/' * 150}sh\n")
    r.expect = "longer"


def no_elf_and_no_script(r):
    r.write("/usr/bin/program", "echo hello\n")
    r.expect = "neither"


def foreign_program(r):
    r.make()
    patched(r, "/usr/bin/program", 18, "<H", 183)
    shutil.copy("/usr/bin/dash", r.at("/usr/bin/sh"))
    r.expect = "another architecture (ARM, 64 bit)"


def truncated_program(r):
    r.make()
    r.at("/usr/bin/program").write_bytes(r.at("/usr/bin/program").read_bytes()[:300])
    r.expect = "ends within"


def program_in_a_loop(r):
    r.link("/usr/bin/program", "other")
    r.link("/usr/bin/other", "program")
    r.expect = "loop of links"


def program_is_missing(r):
    r.expect = "no such file"


def program_is_a_folder(r):
    r.at("/usr/bin/program").mkdir()
    r.expect = "folder"


def program_may_not_be_run(r):
    r.make()
    r.at("/usr/bin/program").chmod(0o644)
    r.expect = "nobody may run it"


CASES = [one for one in list(globals().values()) if isinstance(one, types.FunctionType)
         and one.__code__.co_varnames[:one.__code__.co_argcount] == ("r",)]


# --- what comes of them ---

def inside(top, work):
    """What work() returns that runs with that folder as its root, without privileges."""
    os.makedirs(f"{top}/dev", exist_ok=True)
    if not os.path.exists(f"{top}/dev/null"):
        os.mknod(f"{top}/dev/null", 0o020666, os.makedev(1, 3))
        os.chmod(f"{top}/dev/null", 0o666)
    begun, end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(begun)
            os.chroot(top)
            os.chdir("/")
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with os.fdopen(end, "w") as out:
                json.dump(work(), out)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(end)
    with os.fdopen(begun) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def end_of(path):
    """How it ends: an exit status, or why it did not begin."""
    try:
        got = subprocess.run([path], stdin=subprocess.DEVNULL, capture_output=True, text=True, env={"PATH": ":".join(loader.PATH)},
                             timeout=20)
        return f"{got.returncode} {got.stderr.strip()}".strip()
    except OSError as why:
        return str(why)


def mounted(top, work):
    subprocess.run(["mount", "-t", "proc", "proc", top / "proc"], check=True)
    try:
        return inside(top, work)
    finally:
        subprocess.run(["umount", top / "proc"], check=True)


def populate(top, root, lines):
    for line in lines:
        word, rest = line.split(" ", 1)
        if word == "folder":
            os.makedirs(top + rest, exist_ok=True)
        elif word == "link":
            path, target = rest.split(" -> ")
            os.symlink(target, top + path)
        elif word == "file":
            shutil.copy(f"{root}{rest}", top + rest)
    if os.path.exists(f"{root}/etc/ld.so.cache"):
        shutil.copytree(f"{root}/etc", f"{top}/etc")
        subprocess.run(["ldconfig", "-r", top], check=True, stderr=subprocess.DEVNULL)


def main():
    TOP.mkdir(mode=0o755)
    for case in CASES:
        root = Root(case.__name__)
        case(root)
        said = subprocess.run([sys.argv[1], "-r", root.top, root.program], stdout=subprocess.PIPE, text=True, timeout=20).stdout
        answer = {"case": case.__name__, "needs": said, "expect": root.expect}
        if os.path.lexists(root.top / "usr/bin/program") and not (root.top / "usr/bin/program").is_dir():
            answer["loader"], answer["whole"] = mounted(root.top, lambda: (loader.look(root.program), end_of(root.program)))
            answer["real"] = inside(root.top, lambda: os.path.realpath(root.program))
        jail = f"{TOP}/{case.__name__}.jail"
        os.mkdir(jail, 0o755)
        populate(jail, root.top, said.splitlines())
        answer["alone"] = inside(jail, lambda: end_of(root.program))
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
