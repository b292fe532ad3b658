# vedette. `make` alone lists the targets.
.DEFAULT_GOAL := help
# Writers of each kind in the guest where audit is immutable; rounds of each benchmark.
IMMUTABLE_TRIALS ?= 2000
ROUNDS ?= 5
.PHONY: help deps build run demo test test-live day test-kernels bench fuzz lint golden ci clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing
	@scripts/deps.sh build

build: deps ## build the release: .build/release/vedette and vedetted
	swift build -c release --static-swift-stdlib --product vedette
	swift build -c release --static-swift-stdlib --product vedetted

run: build ## watch /etc, /usr/local and a demonstration directory; Ctrl-C ends
	@scripts/run.sh

demo: build ## watch a directory, make changes in it, show the lines, and end
	@scripts/demo.sh

test: deps ## build and pass the tests
	swift test --disable-xctest --explicit-target-dependency-import-check error

test-live: build ## show the promises on this very kernel (root; minutes)
	@scripts/deps.sh live
	@scripts/live.sh $(ROWS)

day: build ## a working day in an hour: no false alert, flat memory (root; DAY_SECONDS=3600)
	@scripts/deps.sh live
	@scripts/live.sh day

test-kernels: build ## the same in virtual machines, on other kernels
	@IMMUTABLE_TRIALS=$(IMMUTABLE_TRIALS) ROWS="$(ROWS)" scripts/kernels.sh $(GUESTS)

bench: deps ## measure, side by side with bare C peers
	@scripts/deps.sh bench
	@ROUNDS=$(ROUNDS) scripts/bench.sh

fuzz: deps ## fuzz each decoder; FUZZ_SECONDS=600 each
	@scripts/fuzz.sh

lint: ## check format and style
	swift format lint --strict -r Sources Tests Package.swift

golden: deps ## rewrite the golden files of the tests; read the diff
	VEDETTE_UPDATE_GOLDEN=1 swift test --disable-xctest --filter "KernelDecodingTests|ConfigurationTests|ReportingTests"
	@git --no-pager diff --stat

ci: ## all that CI runs, step by step
	@scripts/ci.sh

clean: ## remove what was built
	rm -rf .build .build-* Benchmarks/.build
