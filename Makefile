# Each target calls a short file in scripts/, which also works on its own. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help install run test coverage check bench load demo train types lock

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## install what runs, tests and checks need: .venv and frontend/node_modules
	@scripts/install.sh dev
	@scripts/frontend.sh install

run: ## install, build, migrate and start everything; prints the address, Ctrl-C stops it (HOST, PORT, POCOVID_DATA_DIR)
	@scripts/run.sh

test: ## run every test (ARGS="tests/worker -k retention" for some)
	@scripts/test.sh $(ARGS)

coverage: ## run every test and report which lines and branches they run
	@scripts/coverage.sh

check: ## lint, format, types, import rules, lock files, migrations, frontend
	@scripts/check.sh

bench: ## time the five models together against five models one after the other (ARGS=growth: the calls while the installation grows)
	@scripts/bench.sh $(ARGS)

load: ## load a service of its own with 50 browsers and print latencies, throughput and losses (ARGS="mix --kill-worker", "uploads", "scaling --workers 1 2", "outages")
	@scripts/load.sh $(ARGS)

demo: ## show the whole way in a real browser, from the sign-up to a screening by new models, with pictures (ARGS="--pictures FOLDER")
	@scripts/demo.sh $(ARGS)

train: ## train five folds on DATASET, a folder in the public dataset's layout (further options in ARGS)
	@scripts/train.sh "$(DATASET)" $(ARGS)

types: ## write the frontend's types anew from the API's schemas
	@scripts/api_types.sh

lock: ## pin the dependencies of pyproject.toml anew (ARGS=--upgrade for the newest)
	@scripts/lock.sh $(ARGS)
