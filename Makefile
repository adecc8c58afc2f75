# Verbs only; what they do stands in Deploy/local. LIENTHONG_RUN_DIR and LIENTHONG_PORT_BASE: copies side by side.
FLAGS = --explicit-target-dependency-import-check error
# Each function in a section of its own: what nobody calls, and what is the same twice, is left out of the programs.
RELEASE = -c release $(FLAGS) -Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker --icf=safe
LOCAL = Deploy/local
BIN = .build/debug
SIMULATION = $(or $(LIENTHONG_RUN_DIR),.run)/simulation
SOURCES = Package.swift Services Shared Tests Deploy
.PHONY: chaos help demo load run stop status logs token build test release bench check fuzz simulate simulate-backbone mutants backup restore cluster-test golden publish schema lint format packages clean

help: ## list these verbs
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 20

demo: run ## everything from nothing: servers, services, the province, the journeys; leaves it running
	@$(LOCAL)/with-environment.sh operator $(BIN)/Rehearsal load
	@$(LOCAL)/with-environment.sh operator $(BIN)/Rehearsal demo

load: ## load the province's files into what runs; what is there stays
	@$(LOCAL)/with-environment.sh operator $(BIN)/Rehearsal load

run: build ## start the servers and the services, without journeys
	@$(LOCAL)/servers.sh start && $(LOCAL)/provision.sh && $(LOCAL)/services.sh start

stop: ## end exactly what was started
	@$(LOCAL)/services.sh stop; first=$$?; $(LOCAL)/servers.sh stop && exit $$first

status: ## what runs, where
	@$(LOCAL)/servers.sh status && $(LOCAL)/services.sh status

logs: ## follow the services' logs
	@$(LOCAL)/services.sh logs

token: ## WHO=admin|clerk|officer|leader|accountant|citizen: a bearer token through the real sign-in
	@$(LOCAL)/with-environment.sh operator $(BIN)/Rehearsal token $(or $(WHO),clerk)

build: packages ## the debug build that demo and tests share
	@swift build --build-tests $(FLAGS)

test: build ## every test (SUITE=HRServiceTests: those), on a PostgreSQL and a RabbitMQ of its own
	@$(LOCAL)/packages.sh clamav-daemon
	@$(LOCAL)/with-servers.sh test $(if $(SUITE),swift test --filter '$(SUITE)',$(LOCAL)/tests.sh) --skip-build --disable-xctest $(FLAGS)

release: packages ## the release build of everything: what operators run
	@swift build $(RELEASE)

bench: ## the benchmarks, on a release build; fails below a floor (SUITE=backbone, services, exchange, onestop, workflow, inbox with INBOX_ROWS, submission-size, reports, hindrance or receipts)
	@$(LOCAL)/packages.sh wrk $(if $(filter receipts,$(SUITE)),valgrind binutils)
	@$(MAKE) --no-print-directory release
	@LIENTHONG_CONFIGURATION=release $(LOCAL)/with-servers.sh bench .build/release/Benchmarks $(SUITE)

check: ## generated requests to every operation of the running demonstration (EXAMPLES=40)
	@$$($(LOCAL)/python.sh)/bin/python3 Tests/ApiTests/check_api.py --examples $(or $(EXAMPLES),40)

fuzz: build ## read mutated octets from outside for so long (SECONDS=300); FUZZ_SEED and FUZZ_ONLY repeat a finding
	@FUZZ_SECONDS=$(or $(SECONDS),300) swift test --skip-build --disable-xctest $(FLAGS) --filter FuzzTests

simulate: packages ## a year of the province from a seed, and what a change would do (SEED, YEAR, DOSSIERS, AGENCIES, OFFICIALS, THREADS, WHAT='officer+1@H19.12')
	@swift build $(RELEASE) --product Rehearsal && swift build $(RELEASE) --product OneStopService
	@mkdir -p $(SIMULATION) && .build/release/Rehearsal describe > $(SIMULATION)/province.json
	@.build/release/OneStopService simulate $(SIMULATION)/province.json --out $(SIMULATION) \
		$(foreach word,SEED YEAR DOSSIERS AGENCIES OFFICIALS THREADS,$(if $($(word)),--$(shell echo $(word) | tr A-Z a-z) $($(word)))) $(if $(WHAT),--what '$(WHAT)')

simulate-backbone: build ## relay, inbox, parking and timers over simulated servers (SEEDS='0..<100000')
	@$(BIN)/Simulator --seeds '$(or $(SEEDS),0..<100000)'

mutants: build ## mistakes built in on purpose: each must be caught
	@$(BIN)/Simulator --mutants

backup: ## database, WAL, files, secrets and broker definitions of what runs, for restore
	@$(LOCAL)/backup.sh

restore: ## FROM=backup [AT=moment]: into a fresh LIENTHONG_RUN_DIR; compares it with what was backed up
	@$(LOCAL)/restore.sh "$(FROM)" "$(AT)"

cluster-test: build ## three brokers, two databases, two copies of each service: killed and cut off under load
	@$(LOCAL)/packages.sh patroni python3-etcd etcd-server haproxy iproute2
	@Deploy/cluster/cluster-test.sh

chaos: build ## kill, cut, fill and delay everything while journeys play (CHAOS_KILLS, _SECONDS, _SEED, _FAULTS)
	@$(LOCAL)/chaos.sh

golden: build ## write the golden JSON and the schemas of new events; what is there stays
	@LIENTHONG_WRITE_GOLDEN=1 swift test --skip-build --disable-xctest $(FLAGS) --filter 'GoldenTests|PublishedTests'

publish: build ## list what events look like as published: from then on nothing of it may change
	@LIENTHONG_PUBLISH=1 swift test --skip-build --disable-xctest $(FLAGS) --filter PublishedTests

schema: build ## write every service's schema.sql from its migrations
	@LIENTHONG_WRITE_SCHEMA=1 $(LOCAL)/with-servers.sh test \
		swift test --skip-build --disable-xctest $(FLAGS) --filter SchemaTests

lint: ## the style, checked
	@swift format lint --strict --parallel -r $(SOURCES)

format: ## the style, applied
	@swift format -i --parallel -r $(SOURCES)

packages: ## install the missing Debian packages
	@$(LOCAL)/packages.sh

clean: ## stop, and remove the run folder with all its data
	@$(LOCAL)/services.sh stop && $(LOCAL)/servers.sh clean
