# SPDX-License-Identifier: GPL-3.0-or-later
# version.sh - versions, alone and after a command.
try sallyport --version
try sallyport audit --version
