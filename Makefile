# vedette: `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help deps run test ci

PACKAGES := libaudit-dev zlib1g-dev liblzma-dev libzstd-dev gcc make python3 python3-jsonschema auditd

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

deps: ## install the Debian packages that are missing
	@dpkg-query -W -f='$${Status}\n' $(PACKAGES) 2>&1 | grep -qv '^install ok installed' \
		&& { apt-get update -qq && apt-get install -y -qq --no-install-recommends $(PACKAGES); } || true

run: deps ## watch /etc, /usr/local and /tmp/vedette-demo
	swift build -c release --static-swift-stdlib --product vedette
	mkdir -p /tmp/vedette-demo
	@echo "In a second terminal: echo hello > /tmp/vedette-demo/file"
	.build/release/vedette watch /etc /usr/local /tmp/vedette-demo

test: deps ## set up and run the tests
	swift test --disable-xctest

ci: test ## what CI runs
