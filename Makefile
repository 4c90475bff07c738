# make test is the whole truth, and what CI runs. Everything else is a part of it,
# or takes longer than a change should wait.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# A program that ends under the race detector sleeps a second by default.
export GORACE = halt_on_error=1 atexit_sleep_ms=0

.PHONY: test fast unit labs peers vuln nightly bench

test: fast unit labs peers vuln

# Seconds: formatting, layers, links, vet, staticcheck.
fast:
	go vet ./...
	go test -count=1 .
	go run $(STATICCHECK) ./...

unit:
	go test -race -short ./...

# The gates of every lab, in the quick form. LABS="structures/lru …" picks some.
labs:
	HONE_LABS="$(LABS)" go test -count=1 -timeout 30m -v -run '^TestLabs$$' ./internal/gate

# Third-party peers live in a module of their own.
peers:
	cd peers && go vet ./... && go test -short ./...

# The vulnerability database is on the network; without it this says so and goes on.
vuln:
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1); code=$$?; \
	if [ $$code -eq 0 ]; then echo "govulncheck: $$out" | tail -n 3; \
	elif echo "$$out" | grep -q -i -E 'vuln\.go\.dev|no such host|dial tcp|connection refused|forbidden|proxyconnect|timeout'; then \
		echo "NOTICE: govulncheck did not run: its database can't be reached from here"; \
	else echo "$$out"; exit $$code; fi

# Full gates with 200 runs of each reference, long fuzzing, everything that needs a night.
nightly:
	HONE_GATES=nightly HONE_LABS="$(LABS)" go test -count=1 -timeout 6h -v -run '^TestLabs$$' ./internal/gate
	go test -race -count=3 ./...
	go test -fuzz=FuzzDerive -fuzztime=5m ./internal/start
	go test -fuzz=FuzzApply -fuzztime=5m ./internal/start
	go test -fuzz=FuzzDirectives -fuzztime=5m ./internal/vet
	go test -fuzz=FuzzDecoder -fuzztime=5m ./lens/compile
	go test -fuzz=FuzzRead -fuzztime=5m -fuzzminimizetime=1x ./lens/trace
	HONE_GATES=nightly go test -count=1 -timeout 3h -v -run 'Sweep_Std' ./lens/compile

# Ratios side by side in one run; never a lone time. The peers print their tables as tests.
bench:
	go test -run '^$$' -bench . -benchtime 1x -count=1 ./cmd/hone
	go test -run '^$$' -bench . -benchtime 1x -count=1 -timeout 30m ./lens/compile
	go test -run '^$$' -bench 'Ordered|Rebuild' -benchtime 1x -count=1 -timeout 30m ./lens/trace
	go test -run '^$$' -bench . -benchtime 1x -count=1 -timeout 60m ./internal/mutate
	cd peers && go test -count=1 -v -bench . ./...
