# SPDX-License-Identifier: GPL-3.0-or-later
# A thin front over Meson and Ninja: 'make help' lists what it can do.

BUILD = build
PREFIX = /usr/local
DESTDIR =
MESONFLAGS =
FUZZ_SECONDS = 60

packages = @tools/install-packages
build = @$(MAKE) --no-print-directory all

# A PREFIX on the command line counts for a folder that is there already, too.
prefix_holds = $(if $(filter command,$(origin PREFIX)),grep -qsxF 'prefix = $(PREFIX)' $(BUILD)/meson-private/cmd_line.txt,:)

all: $(BUILD)/build.ninja ## the programs, in build/ (the default)
	@$(prefix_holds) || meson configure $(BUILD) --prefix '$(PREFIX)'
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	$(packages) --check build
	@meson setup $(BUILD) --prefix $(PREFIX) $(MESONFLAGS)

demo: ## a real sshd from stock to hardened and back, in a private world (root)
	$(packages) build test
	$(build)
	@tools/demo

test: ## unit tests, the commands, and the real sshd in private worlds
	$(packages) build test
	$(build)
	@tools/test --build $(BUILD)

lint: ## layout, include directions, suspicious code, scripts, man pages
	$(packages) build test lint
	$(build)
	@tools/lint --build $(BUILD)

sanitize: ## the tests with AddressSanitizer and UndefinedBehaviorSanitizer
	$(packages) build test
	@tools/sanitize

client-static: ## knock, connect and enroll alone, one static file for any Linux: build-client/sallyport
	$(packages) client
	@tools/client/build static

client-windows: ## the same for Windows: build-client/sallyport.exe
	$(packages) client client-windows
	@tools/client/build windows

fuzz: ## every parser under libFuzzer for FUZZ_SECONDS=60
	$(packages) build fuzz
	@tools/fuzz --seconds $(FUZZ_SECONDS)

bench: ## beside the peers, with ratios (root)
	$(packages) build bench
	$(build)
	@bench/run --build $(BUILD)

# Under sudo, what is built already is only copied; what is not, is built by the user that called sudo.
install: ## under PREFIX=/usr/local, below DESTDIR
	@{ $(prefix_holds) && ninja -C $(BUILD) -n 2>/dev/null | grep -q 'no work to do'; } || \
		$(if $(SUDO_UID),setpriv --reuid $(SUDO_UID) --regid $(SUDO_GID) --init-groups) $(MAKE) --no-print-directory all
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

deb: ## a Debian package, with the prefix /usr
	$(packages) build deb
	@tools/deb

clean: ## away with all that was built
	rm -rf $(BUILD) build-sanitize build-fuzz build-client build-deb

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 24

.PHONY: all demo test lint sanitize client-static client-windows fuzz bench install deb clean help
