# SPDX-License-Identifier: GPL-3.0-or-later
# rules.sh - what is looked at: ids, steps and severities are stable.
try sallyport audit --list-rules
sallyport audit --list-rules --format json | /usr/bin/python3 -c '
import json, sys
answer = json.load(sys.stdin)
print(answer["schema"], sorted(answer["rules"][0]), len(answer["rules"]) > 20)'
