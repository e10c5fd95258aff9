# make help lists what can be done here.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help demo build test check setup accuracy overtime train page-test spotify-test mqtt-test clean

CARGO ?= cargo
TFLITE := target/tflite/libtensorflowlite_c.so
CARGO_DENY := cargo-deny@0.20.2
DENY := target/tools/$(CARGO_DENY)/bin/cargo-deny
CARGO_DEB := cargo-deb@3.8.0
DEB := target/tools/$(CARGO_DEB)/bin/cargo-deb

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: build ## watch a clip (or the camera) and play music for it; FOR=30 ends after 30 s; SPOTIFY=fake tries that
	@deploy/demo/run $(FOR)

build: setup ## build the device and the host, optimised
	$(CARGO) build --release --locked --workspace --exclude moodring-rig --exclude moodring-flash

test: setup ## every test that needs nothing but this folder
	$(CARGO) test --workspace --locked

setup: ## install what is missing to build
	@deploy/setup
	@deploy/fetch-tflite

check: setup $(DENY) ## formatting, lints, documentation, licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --document-private-items
	$(DENY) --workspace check bans licenses sources
	@for part in device host; do deploy/packages/licences moodring-$$part x86_64-unknown-linux-gnu >/dev/null || exit; done
	deploy/check-units
	@# The advisory database cannot be fetched on every network; what it says counts where it can.
	@if $(DENY) --workspace fetch db >/dev/null 2>&1; then $(DENY) --workspace check --disable-fetch advisories; \
	  else echo "check: the advisory database cannot be reached: advisories were NOT checked"; fi

$(DENY):
	deploy/fetch-deny $(CARGO_DENY:cargo-deny@%=%) target/tools/$(CARGO_DENY)

# Unoptimised, it is built in a third of the time; what it does is over in seconds. Without its own lzma it calls xz.
$(DEB):
	$(CARGO) install --debug --locked --quiet --no-default-features --root target/tools/$(CARGO_DEB) $(CARGO_DEB)

MOODRING_DATA ?= ../shared/data

accuracy: build target/venv/ready ## how well faces are found and read; MOODRING_DATA names the folder
	target/venv/bin/python models/accuracy.py target/release/moodring-device $(MOODRING_DATA)

overtime: build target/venv/ready ## how steady and how quick the mood is, over the constants of [mood]
	target/venv/bin/python models/overtime.py target/release/moodring-device $(MOODRING_DATA) models/card/overtime.png

target/venv/ready: models/requirements.txt
	python3 -m venv target/venv
	target/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

train: ## train the emotion network; see models/train/README.md
	models/train/run.sh

page-test: setup ## real clicks on the page in headless Chromium; needs node and chromium
	deploy/page-test

spotify-test: setup ## Moodring's calls against Spotify's own schema; needs node and MOODRING_SPOTIFY, a folder
	deploy/spotify-test

.PHONY: network-check
network-check: build ## host and device find each other in a network of their own; needs root
	deploy/host/try-network
	$(CARGO) test --workspace --locked --test pairing -- --ignored
	$(CARGO) test --workspace --locked --test room -- --ignored

.PHONY: host-check
host-check: ## the host's container files, and Mosquitto as they start it
	deploy/host/check

mqtt-test: setup ## the device against a real Mosquitto with TLS and rights; needs mosquitto
	$(CARGO) test --workspace --locked --test mosquitto -- --ignored --nocapture

.PHONY: mpd-test
mpd-test: setup ## the host's player against a real MPD without sound; needs mpd and mpc
	$(CARGO) test --workspace --locked --test mpd -- --ignored --nocapture

.PHONY: pi rig pi-count
pi: setup ## cross-build the device for the Raspberry Pi (64-bit and 32-bit) on an x86-64 Debian
	deploy/pi/build $(PI)

rig: setup ## the device in an emulated Raspberry Pi 3, against a real broker; keeps pictures in target/rig
	deploy/pi/build aarch64
	$(CARGO) build --workspace --bin moodring-rig --locked
	target/debug/moodring-rig

pi-count: setup ## instructions of a frame on the Raspberry Pi's processors; compare with deploy/rig/COUNTS.md
	deploy/pi/build aarch64
	deploy/rig/count

.PHONY: packages
packages: setup $(DEB) ## Debian packages of device and host, into target/packages; PACKAGES=device-arm64 makes one
	CARGO_DEB=$(DEB) deploy/packages/build $(PACKAGES)

.PHONY: flash-check first-boot
flash-check: setup ## what deploy/pi/flash writes, looked at by cloud-init's schema, fsck.fat, mtools and crypt(3)
	deploy/flash/check

first-boot: setup ## a prepared card boots in emulation, with power cuts, to "online" at a broker; slow, needs root
	deploy/flash/first-boot-check

.PHONY: packages-check
packages-check: ## install, upgrade, remove and purge the packages in a fresh Debian; root, mmdebstrap, systemd-container
	deploy/packages/check

clean: ## forget everything that was built
	$(CARGO) clean
