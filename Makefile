# make demo: several half-years on this machine.  make site: its site again.  make test: all tests.  make check: lint, types, migrations.
PYTHON ?= python3
BIN := .venv/bin
BALLOTS ?= 3000
# Service records of two half-years, from whose people evaluators are drawn; 60000 for a whole district, 0 for none.
RECORDS ?= 6000
SEED ?= 2020
OUT ?= demo-output
# A process per core. Tests are handed out in their order: those that empty all tables come last, for what migrations
# have entered is gone after them; a process must never go back to the others. Browser tests take seconds each: they are
# handed out one by one, or a process would end long before the other.
PYTEST = $(BIN)/python -m pytest -q -n auto --dist load
DEMO_DATABASE ?= sqlite:///$(CURDIR)/demo.sqlite3
# The demonstration asks for a second factor as production does; the one switch: make demo REQUIRE_OTP=false
REQUIRE_OTP ?= true
DEMO_SITE = DATABASE_URL=$(DEMO_DATABASE) EVIDENCE_ROOT=$(CURDIR)/demo-evidence TWO_PERSON_RULE=true REQUIRE_OTP=$(REQUIRE_OTP)

.PHONY: demo site test check security mutants bench load machines picture overview handbook-pictures stored-database pins clean

demo: .venv/runtime
	rm -rf demo.sqlite3 demo.sqlite3-* demo-evidence
	$(DEMO_SITE) $(BIN)/python manage.py demo --ballots $(BALLOTS) --records $(RECORDS) --seed $(SEED) --out $(OUT)

# The site of the last demonstration again, without telling it anew.
site: .venv/runtime
	$(DEMO_SITE) $(BIN)/python manage.py runserver

test: .venv/dev
	$(PYTEST) -m "not browser"
	$(PYTEST) --maxschedchunk 1 -m browser tests/e2e

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djangofmt --check templates
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run
	ulimit -c 0; DEBUG=false ALLOWED_HOSTS=pingyi.example SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(50))") \
	FIELD_KEY=$$($(BIN)/python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())") \
	DATABASE_URL=$${CHECK_DATABASE_URL:-postgres:///nanchuan} $(BIN)/python manage.py check --deploy --fail-level WARNING

# Rights, traces, bad input, planted secrets, races, every control taken out once, on SQLite and on PostgreSQL
# (SECURITY_POSTGRES, DATABASE_URL or this machine's); prints the figures of docs/security.md.
security: .venv/dev
	$(BIN)/python -m tests.security

# One token of the rules changed at a time: a test without a database has to notice. N=100 takes a sample (SEED),
# MODULES="draws/rules codes" and TESTS="tests/evaluations/draws" a part; all of it takes about a quarter of an hour.
mutants: .venv/dev
	$(BIN)/python -m tests.mutants $(MODULES) $(if $(N),--sample $(N) --seed $(SEED)) $(if $(TESTS),--tests $(TESTS))

bench: .venv/dev
	$(BIN)/python -m bench

# Voters at a deployment of its own (gunicorn, PostgreSQL, Redis) while workers and masters are killed and the database is
# restarted; fails if a ballot is lost or double: make load VOTERS=8 SECONDS=60 KILLS=12 RESTARTS=4
load: .venv/dev
	$(BIN)/python -m bench.load $(if $(VOTERS),--voters $(VOTERS)) $(if $(SECONDS),--seconds $(SECONDS)) \
	  $(if $(KILLS),--kills $(KILLS)) $(if $(RESTARTS),--restarts $(RESTARTS))

# A vote at two web servers and two databases, each in a network of its own (as root), while a web server is killed, the
# database switched over and a cable pulled; fails if a ballot is lost or double or a page stale: make machines SECONDS=60
machines: .venv/dev
	$(BIN)/python -m bench.machines $(if $(VOTERS),--voters $(VOTERS)) $(if $(SECONDS),--seconds $(SECONDS))

# The picture of the packages in docs/architecture.md, drawn from the imports.
picture: .venv/dev
	$(BIN)/python -m docs.pictures.packages

# The picture on the README's first screen, from the sites of `make demo REQUIRE_OTP=false` and of `demo --open --out DIR`:
# make overview PUBLISHED=http://127.0.0.1:8000 VOTING=http://127.0.0.1:8001 CODES=DIR/codes.csv
overview: .venv/dev
	$(BIN)/python -m docs.pictures.overview $(PUBLISHED) $(VOTING) $(CODES)

# The pictures of docs/handbook, from the pages that a whole round goes through (DATABASE_URL: PostgreSQL).
handbook-pictures: .venv/dev
	HANDBOOK_PICTURES=true $(BIN)/python -m pytest -q tests/e2e/test_whole_round.py tests/e2e/test_paper.py \
	  tests/e2e/test_opening.py tests/e2e/test_pages_after_publication.py

# A database of this version for tests/upgrade, where all later versions migrate it; the last commit before the tag.
stored-database: .venv/dev
	$(BIN)/python -m tests.upgrade

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ .venv/runtime

# Pinned with hashes and without addresses, for every Python from 3.11.0 on; extras stay in, or pip looks past the pin.
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml
pins: .venv/dev
	$(PIN) -o requirements.txt
	$(PIN) --extra simulation -c requirements.txt -o requirements-simulation.txt
	$(PIN) --extra simulation --extra dev -c requirements-simulation.txt -o requirements-dev.txt
	.ci/check_pins

clean:
	rm -rf .venv demo.sqlite3* demo-evidence demo-output staticfiles test-results
