# SPDX-License-Identifier: GPL-3.0-or-later
# stop.py - types ^C at a command once a condition holds.
#
# usage: stop.py CONDITION COMMAND...
#
# CONDITION is for bash. The command is started as a terminal would, with all that it starts in its group. Prints its exit status; what it said is in
# /tmp/said.
import os
import signal
import subprocess
import sys
import time

end = time.monotonic() + 60
with open("/tmp/said", "w") as said:
    p = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    while subprocess.run(["/bin/bash", "-c", sys.argv[1]]).returncode and p.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    os.killpg(p.pid, signal.SIGINT)
    print(p.wait(60))
