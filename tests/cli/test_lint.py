# SPDX-License-Identifier: GPL-3.0-or-later
# test_lint.py - the lint finds what it is there to find, and nothing in a clean tree.
import subprocess

import pytest

from conftest import SOURCE

HEAD = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* a file */\n"
END = '#include "base/banned.h"\n'
CLEAN = {
    "src/base/a.h": HEAD,
    "src/base/a.c": HEAD + '#include "base/a.h"\n\n' + END,
    "src/sshd/b.c": HEAD + '#include "base/a.h"\n#include "key/k.h"\n\n#include <stdio.h>\n\n' + END,
    "src/cmd/c.c": HEAD + '#include "harden/h.h"\n\n' + END + "\nint f(void)\n{\n" + "\treturn 1;\n" * 88 + "}\n",
}
# what is wrong, the step that says so, the file, its content, the words
WRONG = [
    ("upward", "includes", "src/base/a.c", HEAD + '#include "key/k.h"\n' + END, "src/base must not include key/k.h"),
    ("sideways", "includes", "src/wire/w.c", HEAD + '#include "sshd/b.h"\n' + END, "src/wire must not include sshd/b.h"),
    ("gate-free", "includes", "src/key/k.c", HEAD + '# include "cmd/c.h"\n' + END, "src/key must not include cmd/c.h"),
    ("below", "includes", "src/audit/d.c", HEAD + '#include "harden/h.h"\n' + END, "src/audit must not include harden/h.h"),
    ("relative", "includes", "src/key/k.c", HEAD + '#include "../cmd/c.h"\n' + END, "not a path below src/"),
    ("bare", "includes", "src/key/k.c", HEAD + '#include "k.h"\n' + END, "not a path below src/"),
    ("unknown room", "includes", "src/attic/k.c", HEAD + END, "not in the table"),
    ("no licence", "heads", "src/base/a.h", "/* a file */\n", "no SPDX"),
    ("no licence in a script", "heads", "tools/x", "#!/bin/sh\n", "no SPDX"),
    ("not banned", "heads", "src/base/a.c", HEAD + END + "#include <stdio.h>\n", "the last include is not"),
    ("header of Linux", "portable", "src/client/k.c", HEAD + "#include <linux/openat2.h>\n" + END, "<linux/openat2.h> is not of"),
    ("another", "portable", "src/key/k.c", HEAD + "#include <sys/prctl.h>\n" + END, "<sys/prctl.h> is not of"),
    ("call of Linux", "portable", "src/knock/k.c", HEAD + END + "int f = SOCK_CLOEXEC;\n", "SOCK_CLOEXEC is of Linux"),
    ("long", "functions", "src/cmd/c.c", HEAD + "int f(void)\n{\n" + "\treturn 1;\n" * 89 + "}\n", "a function of 91 lines"),
    ("left", "words", "src/base/a.c", HEAD + "/* TO" + "DO */\n", "left for later"),
    ("machine", "words", "src/base/a.c", HEAD + "/* /wo" + "rk/x */\n", "a path of one machine"),
    ("kill", "words", "tests/x.sh", "pk" + "ill sshd\n", "kills by name"),
    ("blanks", "words", "src/base/a.c", HEAD + "int x; \n", "blanks at the end"),
    ("python", "python", "tests/x.py", "def f(:\n", "SyntaxError"),
    ("layout", "format", "src/base/a.c", HEAD + "int f (int a){return a;}\n", "clang-formatted"),
    ("shell", "shell", "tools/x", "#!/bin/sh\nx=1\necho $x$1\n", "Double quote"),
]


def lint(root, files, step):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / ".clang-format").write_bytes((SOURCE / ".clang-format").read_bytes())
    got = subprocess.run([SOURCE / "tools" / "lint", "--root", root, step], capture_output=True, text=True, timeout=300)
    if "skipped  " in got.stdout:
        pytest.skip(got.stdout.splitlines()[0])
    return got


@pytest.mark.parametrize("step", sorted({row[1] for row in WRONG}))
def test_a_clean_tree_passes(tmp_path, step):
    got = lint(tmp_path, CLEAN, step)
    assert (got.returncode, got.stdout.splitlines()[1:]) == (0, ["1 passed, 0 failed, 0 skipped"]), got.stdout


@pytest.mark.parametrize("step, name, content, words", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_found(tmp_path, step, name, content, words):
    got = lint(tmp_path, {**CLEAN, name: content}, step)
    complaints = [line for line in got.stdout.splitlines() if line.startswith("         ")]
    assert got.returncode == 1 and len(complaints) == 1, got.stdout
    assert name in complaints[0] and words in complaints[0]
